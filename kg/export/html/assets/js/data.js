// The data of the page, and what is quickly derived of it.
const DATA = JSON.parse(byId("kg-data").textContent);
const NETWORK = JSON.parse(byId("kg-network").textContent);
const NODES = DATA.nodes, FACTS = DATA.facts, DOCS = DATA.documents;

const factsOf = NODES.map(() => []);
FACTS.forEach((fact, i) => {
  factsOf[fact.s].push(i);
  if (fact.o !== fact.s) factsOf[fact.o].push(i);
});
const nodeById = new Map(NODES.map((node, i) => [node.id, i]));
const factById = new Map(FACTS.map((fact, i) => [fact.id, i]));
const docById = new Map(DOCS.map((doc, i) => [doc.id, i]));
const isPartner = (i) => (NODES[i].roles || []).includes("PartnerBody");
const other = (fact, i) => (fact.s === i ? fact.o : fact.s);
const label = (thing) => (thing ? thing[state.lang] : "");
const kindOf = (i) => DATA.classes[NODES[i].kind];

// Offsets count code points, JavaScript's strings count UTF-16 units: they differ where a text holds characters beyond U+FFFF.
const texts = DOCS.map(() => null);
function codePoints(d) {
  if (texts[d] === null) {
    const text = DOCS[d].text;
    texts[d] = /[\uD800-\uDFFF]/.test(text) ? Array.from(text) : text;
  }
  return texts[d];
}
function slice(d, start, end) {
  const text = codePoints(d);
  return typeof text === "string" ? text.slice(start, end) : text.slice(start, end).join("");
}
function quoteOf(evidence) {
  return evidence.q !== undefined ? evidence.q : slice(evidence.d, evidence.a, evidence.b);
}
/** A piece of an evidence by the document's offsets, whether or not the page holds the document. */
function pieceOf(evidence, start, end) {
  if (evidence.q === undefined) return slice(evidence.d, start, end);
  return Array.from(evidence.q).slice(start - evidence.a, end - evidence.a).join("");
}

let mentionsByDoc = null;
/** The mentions of one document, `[start, end, node]`, in the order of the text, the longer first. */
function mentionsIn(d) {
  if (!mentionsByDoc) {
    mentionsByDoc = DOCS.map(() => []);
    NODES.forEach((node, i) => node.mentions.forEach((m) => mentionsByDoc[m[0]].push([m[1], m[2], i])));
    mentionsByDoc.forEach((list) => list.sort((x, y) => x[0] - y[0] || y[1] - x[1]));
  }
  return mentionsByDoc[d];
}
