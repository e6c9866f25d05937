// The documents, whole, with every entity highlighted and leading back into the graph.
function renderPaper() {
  const host = byId("view-paper");
  if (state.view !== "paper") return;
  const d = state.paper === null && DOCS.length === 1 ? 0 : state.paper;
  host.setAttribute("aria-label", t("documents"));
  if (d === null) {
    replace(host, h("div", { class: "scroll", tabindex: 0 }, h("div", { class: "paper" }, h("h2", {}, t("documents")), h("ul", { class: "papers" }, DOCS.map((doc, n) =>
      h("li", {}, link(doc.title, () => app.openPaper(n)), h("div", { class: "soft small" }, [doc.date, doc.publisher, doc.path].filter(Boolean).join(" · "))))))));
    return;
  }
  const doc = DOCS[d];
  const mentions = mentionsIn(d);
  const scroll = h("div", { class: "scroll", tabindex: 0, "aria-label": doc.title },
    h("article", { class: "paper", lang: "zh" },
      h("h2", {}, doc.title),
      h("p", { class: "soft small" }, [doc.date, doc.publisher, doc.path].filter(Boolean).join(" · "), " · ", t("namesIn", { n: new Set(mentions.map((m) => m[2])).size })),
      doc.text === undefined ? h("p", { class: "soft" }, t("noText")) : h("div", { class: "text" }, textOf(d, mentions))));
  replace(host, h("div", { class: "bar" }, button(t("back"), () => app.show("graph")), DOCS.length > 1 ? button(t("documents"), () => app.openPaper(null)) : null,
    DOCS.length > 1 ? h("select", { "aria-label": t("document"), class: "button", onchange: (event) => app.openPaper(Number(event.target.value)) },
      DOCS.map((each, n) => h("option", { value: n, selected: n === d }, each.title))) : null), scroll);
  if (DOCS.length > 1) host.querySelector("select").value = String(d);
  const target = host.querySelector(".said") || host.querySelector(".chosen");
  if (target) target.scrollIntoView({ block: "center" });
}

function textOf(d, mentions) {
  const length = codePoints(d).length;
  const spans = mentions.map(([start, end, node]) => [start, end, node]);
  const nameOf = (node, text) => h("a", {
    href: `#${new URLSearchParams({ node: NODES[node].id })}`, class: `name${node === state.node ? " chosen" : ""}`, colour: kindOf(node).color,
    "data-node": node, onclick: (event) => { event.preventDefault(); app.backTo(node); },
  }, text);
  const part = (start, end) => marked(start, end, spans.filter((span) => span[0] < end && span[1] > start), (a, b) => slice(d, a, b), nameOf);
  if (!state.said) return part(0, length);
  const [start, end] = [Math.max(0, state.said[0]), Math.min(length, state.said[1])];
  return [part(0, start), h("span", { class: "said" }, part(start, end)), part(end, length)];
}
