// The facts as rows: what is filtered in the graph is filtered here; exported is what is shown.
const table = { sort: "s", down: false, text: "", limit: 200 };

const COLUMNS = [
  ["s", "subject", (fact) => NODES[fact.s].name],
  ["p", "relation", (fact) => label(DATA.predicates[fact.p])],
  ["o", "object", (fact) => NODES[fact.o].name],
  ["implied", "implied1", (fact) => (fact.implied ? t("yes") : t("no"))],
  ["confidence", "confidence", (fact) => fact.confidence],
  ["count", "count", (fact) => fact.evidence.length],
  ["date", "date", (fact) => dateOf(fact)],
  ["document", "document", (fact) => [...new Set(fact.evidence.map((e) => DOCS[e.d].title))].join("；")],
  ["quote", "quote", (fact) => quoteOf(fact.evidence[0] || { q: "" }).replace(/\s+/g, " ").trim()],
];
const dateOf = (fact) => fact.evidence.map((e) => DOCS[e.d].date || "").filter(Boolean).sort()[0] || "";

function rows() {
  const words = table.text.toLowerCase().split(/\s+/).filter(Boolean);
  const get = COLUMNS.find(([key]) => key === table.sort)[2];
  const found = [];
  FACTS.forEach((fact, f) => {
    if (!shownFact[f]) return;
    if (words.length) {
      const text = `${NODES[fact.s].name} ${label(DATA.predicates[fact.p])} ${fact.p} ${NODES[fact.o].name} ${COLUMNS[7][2](fact)} ${COLUMNS[8][2](fact)}`.toLowerCase();
      if (!words.every((word) => text.includes(word))) return;
    }
    found.push([get(fact), f]);
  });
  const order = new Intl.Collator("zh-CN", { numeric: true });
  found.sort(([a, f], [b, g]) => (typeof a === "number" ? a - b : order.compare(a, b)) * (table.down ? -1 : 1) || f - g);
  return found.map(([, f]) => f);
}

function renderTable() {
  const host = byId("view-table");
  if (state.view !== "table") return;
  host.setAttribute("aria-label", t("table"));
  const input = h("input", { type: "search", value: table.text, placeholder: t("filterRows"), "aria-label": t("filterRows"), oninput: (event) => { table.text = event.target.value; table.limit = 200; body(); } });
  const count = h("span", { class: "soft", role: "status" });
  const scroll = h("div", { class: "scroll", tabindex: 0, "aria-label": t("table") });
  replace(host, h("div", { class: "bar" }, input, count, h("span", { class: "grow" }), button(t("csv"), () => save("facts.csv", "text/csv;charset=utf-8", csv()), { id: "csv" })), scroll);
  body();
  function body() {
    const found = rows();
    count.textContent = t("rows", { n: found.length });
    const heads = COLUMNS.map(([key, word]) => h("th", { scope: "col", "aria-sort": table.sort === key ? (table.down ? "descending" : "ascending") : null },
      h("button", { type: "button", onclick: () => { table.down = table.sort === key && !table.down; table.sort = key; body(); } }, t(word), table.sort === key ? (table.down ? " ↓" : " ↑") : "")));
    const line = (f) => {
      const fact = FACTS[f];
      return h("tr", { onclick: () => app.selectFact(f, true) },
        COLUMNS.map(([key, , get]) => {
          const value = get(fact);
          if (key === "s" || key === "o") return h("td", {}, link(value, (event) => { event.stopPropagation(); app.selectNode(fact[key], true); }));
          if (key === "p") return h("td", {}, stroke(fact.p, fact.implied), " ", link(value, (event) => { event.stopPropagation(); app.selectFact(f, true); }));
          return h("td", { class: key === "quote" || key === "document" ? key : typeof value === "number" || key === "date" ? "num" : null }, key === "confidence" ? percent(value) : key === "quote" && value.length > 90 ? `${value.slice(0, 90)}…` : value);
        }));
    };
    replace(scroll, h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, found.slice(0, table.limit).map(line))),
      found.length > table.limit ? h("p", { class: "bar" }, button(t("more", { n: Math.min(500, found.length - table.limit) }), () => { table.limit += 500; body(); })) : null);
  }
}

/** RFC 4180, with a mark of UTF-8 for Excel; a cell that a spreadsheet would compute, also after spaces or in full width, is made text (OWASP, CSV injection). */
function csv() {
  const cell = (value) => {
    const text = String(value);
    const safe = /^\s*[=+\-@＝＋－＠\t\r\n]/.test(text) && typeof value !== "number" ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  const head = [...COLUMNS.map(([, word]) => t(word)), "subject_id", "predicate", "object_id"];
  const lines = rows().map((f) => [...COLUMNS.map(([, , get]) => get(FACTS[f])), NODES[FACTS[f].s].id, FACTS[f].p, NODES[FACTS[f].o].id]);
  return `\uFEFF${[head, ...lines].map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}
