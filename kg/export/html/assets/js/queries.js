// Queries for what is selected, to copy into a SPARQL endpoint or a graph database loaded from the same build.
const iriOf = (i) => `${DATA.base}${NODES[i].id}`;
const cypherText = (text) => `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;

function queriesOfNode(i) {
  const prefix = `PREFIX kgo: <${DATA.namespace}>\nPREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n`;
  return [
    ["SPARQL", `${prefix}SELECT ?predicate ?other ?name WHERE {\n  VALUES ?self { <${iriOf(i)}> }\n  { ?self ?predicate ?other } UNION { ?other ?predicate ?self }\n  ?other rdfs:label ?name .\n  FILTER(STRSTARTS(STR(?predicate), STR(kgo:)))\n}\nORDER BY ?predicate ?name`],
    ["Cypher", `MATCH (n:Entity {id: ${cypherText(NODES[i].id)}})-[r]-(m)\nRETURN n, r, m`],
  ];
}

function queriesOfFact(f) {
  const fact = FACTS[f];
  const prefix = `PREFIX kgo: <${DATA.namespace}>\nPREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>\nPREFIX prov: <http://www.w3.org/ns/prov#>\n`;
  return [
    ["SPARQL", `${prefix}SELECT ?statement ?where WHERE {\n  ?statement rdf:subject <${iriOf(fact.s)}> ;\n    rdf:predicate kgo:${fact.p} ;\n    rdf:object <${iriOf(fact.o)}> ;\n    prov:wasDerivedFrom ?where .\n}`],
    ["Cypher", `MATCH (a:Entity {id: ${cypherText(NODES[fact.s].id)}})-[r:${DATA.predicates[fact.p].cypher}]->(b:Entity {id: ${cypherText(NODES[fact.o].id)}})\nRETURN a, r, b`],
  ];
}

function queryBlock(queries) {
  return h("details", { class: "queries" }, h("summary", { class: "small soft" }, t("queries")),
    queries.map(([name, text]) => h("div", {}, h("h3", {}, name, link(t("copy"), (event) => copy(text, event.currentTarget), { class: "link small" })), h("pre", { tabindex: 0 }, text))));
}

async function copy(text, control) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // file:// pages have no clipboard in some browsers: select and copy as a reader would.
    const area = h("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  control.textContent = t("copied");
  setTimeout(() => { control.textContent = t("copy"); }, 1500);
}
