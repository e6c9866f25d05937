"use strict";
(() => {
  const DATA = JSON.parse(document.getElementById("data").textContent);
  const SHOWN = 1000;
  const WORDS = {
    zh: { size: (n) => `${n} 条三元组`, none: "（自己写）", all: "全部", running: "正在查询……", rows: (n) => `${n} 行`, first: `，只显示前 ${SHOWN} 行`,
      yes: "是", no: "否", lost: "服务器没有回应；它是否还在运行？", other: "English", title: "查询 · kg", answer: "答案" },
    en: { size: (n) => `${n} triples`, none: "(write one)", all: "all", running: "Asking…", rows: (n) => `${n} rows`, first: `, the first ${SHOWN} are shown`,
      yes: "true", no: "false", lost: "The server does not answer; is it still running?", other: "中文", title: "Query · kg", answer: "Answer" },
  };
  const $ = (id) => document.getElementById(id);
  let lang = "zh", links = [];

  function node(tag, text, within) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (within) within.append(made);
    return made;
  }

  function speak() {
    const words = WORDS[lang];
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = words.title;
    for (const part of document.querySelectorAll("[data-zh]")) part.textContent = part.dataset[lang];
    $("size").textContent = words.size(DATA.triples.toLocaleString(lang));
    $("language").textContent = words.other;
    $("answer").setAttribute("aria-label", words.answer);
    const chosen = $("question").selectedIndex;
    $("question").replaceChildren();
    node("option", words.none, $("question"));
    for (const q of DATA.questions) node("option", `${q.name}  ${q[lang]}`, $("question"));
    $("question").selectedIndex = Math.max(0, chosen);
    parameters();
  }

  function parameters() {
    const kept = values();
    $("parameters").replaceChildren();
    const question = DATA.questions[$("question").selectedIndex - 1];
    for (const [name, what] of question ? question.parameters : []) {
      const box = node("div", undefined, $("parameters"));
      const label = node("label", `${name} — ${what.split(" / ")[lang === "zh" ? 0 : 1] || what}`, box);
      const field = node("input", undefined, box);
      field.id = label.htmlFor = `set-${name}`;
      field.dataset.name = name;
      field.placeholder = WORDS[lang].all;
      field.value = kept[name] || "";
    }
  }

  const values = () => Object.fromEntries([...$("parameters").querySelectorAll("input")].filter((f) => f.value.trim()).map((f) => [f.dataset.name, f.value.trim()]));

  function asked(accept, query, set) {
    const body = new URLSearchParams({ query });
    for (const [name, value] of Object.entries(set)) body.append(`$${name}`, value);
    return fetch("/sparql", { method: "POST", headers: { Accept: accept }, body });
  }

  function say(text, wrong) {
    $("status").textContent = text;
    $("status").className = wrong ? "wrong" : "";
  }

  async function run(event) {
    event.preventDefault();
    const query = $("text").value, set = values();
    $("answer").replaceChildren();
    for (const link of links) URL.revokeObjectURL(link);
    links = [];
    $("csv").hidden = $("json").hidden = true;
    $("run").disabled = true;
    say(WORDS[lang].running);
    try {
      const found = await asked("application/sparql-results+json, text/turtle;q=0.9", query, set);
      const text = await found.text();
      if (!found.ok) say(text.trimEnd(), true);
      else if (found.headers.get("Content-Type").startsWith("text/turtle")) { say(""); node("pre", text, $("answer")); }
      else await show(JSON.parse(text), text);
    } catch (error) {
      say(`${WORDS[lang].lost} (${error.message})`, true);
    }
    $("run").disabled = false;
  }

  async function show(found, text) {
    const words = WORDS[lang];
    if ("boolean" in found) { say(found.boolean ? words.yes : words.no); return; }
    const rows = found.results.bindings, names = found.head.vars;
    say(words.rows(rows.length) + (rows.length > SHOWN ? words.first : ""));
    offer($("json"), text, "application/json");
    const csv = [names, ...rows.map((row) => names.map((name) => (row[name] ? row[name].value : "")))];
    // With a byte order mark, or Excel takes the Chinese for something else.
    offer($("csv"), `\ufeff${csv.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`, "text/csv");
    const called = await namesOf(rows.slice(0, SHOWN));
    // A column bodyName beside a column body says the same twice.
    const columns = names.filter((name) => !(name.endsWith("Name") && names.includes(name.slice(0, -4))));
    const table = node("table", undefined, $("answer"));
    const head = node("tr", undefined, node("thead", undefined, table));
    for (const name of columns) node("th", name, head).scope = "col";
    const body = node("tbody", undefined, table);
    for (const row of rows.slice(0, SHOWN)) {
      const line = node("tr", undefined, body);
      for (const name of columns) cell(node("td", undefined, line), row[name], called);
    }
  }

  const quoted = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

  function cell(place, term, called) {
    if (!term) return;
    if (term.type !== "uri") { place.textContent = typeof term.value === "string" ? term.value : JSON.stringify(term.value); return; }
    const id = term.value.split("/id/")[1];
    const text = called.get(term.value) || term.value.split(/[#/]/).pop() || term.value;
    const part = id ? node("a", text, place) : node("span", text, place);
    if (id) part.href = `/#node=${encodeURIComponent(id)}`;
    part.title = term.value;
  }

  function offer(link, text, type) {
    link.href = URL.createObjectURL(new Blob([text], { type }));
    links.push(link.href);
    link.hidden = false;
  }

  /** The names of the things in the rows, asked in one more query. */
  async function namesOf(rows) {
    const iris = new Set(rows.flatMap((row) => Object.values(row)).filter((t) => t.type === "uri" && !/[\s<>"{}|\\^`]/.test(t.value)).map((t) => t.value));
    const called = new Map();
    if (!iris.size) return called;
    const query = `SELECT ?x (MIN(?name) AS ?n) { VALUES ?x { ${[...iris].map((iri) => `<${iri}>`).join(" ")} }
      { ?x skos:prefLabel ?name } UNION { ?x dcterms:title ?name } UNION { ?x rdfs:label ?name FILTER(LANG(?name) = "${lang}") } } GROUP BY ?x`;
    const found = await asked("application/sparql-results+json", query, {});
    if (found.ok) for (const row of (await found.json()).results.bindings) if (row.n) called.set(row.x.value, row.n.value);
    return called;
  }

  $("form").addEventListener("submit", run);
  $("text").addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run(event); });
  $("language").addEventListener("click", () => { lang = lang === "zh" ? "en" : "zh"; speak(); });
  $("question").addEventListener("change", () => {
    const question = DATA.questions[$("question").selectedIndex - 1];
    if (question) $("text").value = question.text;
    parameters();
  });
  speak();
  $("question").selectedIndex = DATA.questions.length ? 1 : 0;
  $("question").dispatchEvent(new Event("change"));
})();
