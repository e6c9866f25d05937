// What the reader does, and what is drawn anew for it.
const app = {
  selectNode(i, look = false) {
    Object.assign(state, { node: i, fact: null, path: null });
    if (look && state.view === "table") state.view = "graph";
    commit();
    if (look && state.view === "graph") canvas.focus(i, lit && lit.nodes.size <= 30 ? [...lit.nodes] : []);
  },
  selectFact(f, look = false) {
    Object.assign(state, { fact: f, path: null });
    commit();
    if (look && state.view === "graph") canvas.fit([FACTS[f].s, FACTS[f].o]);
  },
  clear() {
    Object.assign(state, { node: null, fact: null, path: null, depth: 0 });
    commit();
  },
  showAround(i, depth) {
    Object.assign(state, { node: i, fact: null, path: null, depth });
    commit();
    canvas.fit();
  },
  askPath(i) {
    state.path = { from: i, to: null, nodes: i === null ? [] : [i], facts: [] };
    commit();
    const inputs = byId("panel").querySelectorAll(".finder input");
    inputs[i === null ? 0 : 1].focus();
  },
  findPath(from, to) {
    if (from === null || to === null) {
      const one = from === null ? to : from;
      state.path = { from, to, nodes: one === null ? [] : [one], facts: [] };
    } else {
      state.depth = 0;
      derive();
      state.path = shortest(from, to);
    }
    commit();
    if (from !== null && to !== null && !state.path.none) canvas.fit(state.path.nodes);
  },
  openPaper(d, said = null) {
    Object.assign(state, { view: "paper", paper: d, said });
    commit();
  },
  backTo(i) {
    Object.assign(state, { view: "graph", node: i, fact: null, path: null, depth: 0 });
    // A name that a filter hides would lead nowhere.
    derive();
    if (!shownNode[i]) app.resetFilters(false);
    commit();
    canvas.focus(i);
  },
  show(view) {
    state.view = view;
    commit();
  },
  resetFilters(draw = true) {
    Object.assign(state, { offTypes: new Set(), offPredicates: new Set(), offDocs: new Set(), least: 0, implied: true, from: "", to: "", partner: false, depth: 0 });
    if (draw) commit();
  },
  hint(text, event) {
    const box = byId("hint");
    box.style.display = text ? "block" : "none";
    if (!text || !event) return;
    box.textContent = text;
    const frame = byId("net").getBoundingClientRect(), x = event.clientX - frame.left, y = event.clientY - frame.top;
    box.style.left = `${Math.min(x + 14, frame.width - 330)}px`;
    box.style.top = `${Math.min(y + 16, frame.height - 40)}px`;
  },
};

let physics = false, written = null;
const made = new Map();
function changed(name, parts) {
  const key = JSON.stringify(parts);
  if (made.get(name) === key) return false;
  made.set(name, key);
  return true;
}

/** Draw everything for the state, and write it into the address. */
function commit({ write = true } = {}) {
  const path = state.path;
  derive();
  if (path && path.from !== null && path.to !== null) { state.path = shortest(path.from, path.to); lit = litBy(); }
  document.documentElement.dataset.theme = state.dark ? "dark" : "light";
  document.documentElement.lang = state.lang === "zh" ? "zh-CN" : "en";
  for (const view of ["graph", "table", "paper"]) byId(`view-${view}`).hidden = state.view !== view;
  // A click on a node changes neither the legend nor the buttons: what would come out the same is not made again.
  const filters = [state.lang, state.dark, [...state.offTypes], [...state.offPredicates], [...state.offDocs], state.least, state.implied, state.from, state.to, state.partner];
  if (changed("top", [state.lang, state.dark, state.view])) renderTop();
  if (changed("side", filters)) renderSide();
  if (changed("tools", [state.lang, state.names, state.node, physics])) renderTools();
  const moved = renderPanel();
  // The canvas is made for the first state: only later ones need it drawn anew, and once.
  if (written !== null) {
    if (moved || canvas.wasHidden) canvas.resize();
    canvas.update();
  }
  canvas.wasHidden = state.view !== "graph";
  if (changed("table", [...filters, state.view, state.view === "table" && [state.depth, state.node]])) renderTable();
  renderPaper();
  renderStatus();
  if (write) {
    written = toHash();
    history.replaceState(null, "", `#${written}`);
  }
}

function renderTop() {
  byId("title").textContent = DATA.title;
  document.title = DATA.title;
  const tabs = byId("tabs"), tools = byId("tools");
  tabs.setAttribute("aria-label", t("graph"));
  replace(tabs, ["graph", "table", "paper"].map((view) => h("button", { type: "button", class: "button", role: "tab", id: `tab-${view}`, "aria-selected": String(state.view === view), "aria-controls": `view-${view}`, onclick: () => app.show(view) }, t(view))));
  tools.setAttribute("aria-label", t("help"));
  replace(tools,
    button(t("lang"), () => { state.lang = state.lang === "zh" ? "en" : "zh"; commit(); }, { id: "lang", title: t("langLabel"), lang: state.lang === "zh" ? "en" : "zh" }),
    button(t("theme"), () => { state.dark = !state.dark; commit(); }, { id: "theme", "aria-pressed": String(state.dark) }),
    button("?", showHelp, { id: "help", "aria-label": t("help") }));
  const search = byId("search");
  if (search.dataset.lang !== state.lang) {
    search.dataset.lang = state.lang;
    replace(search, finder({ label: t("search"), id: "find", pick: (i) => { if (!shownNode[i]) app.resetFilters(false); state.depth = 0; if (state.view === "paper") state.view = "graph"; app.selectNode(i, true); } }));
  }
}

function legendRow(mark, thing, on, count, toggle, only, key) {
  return h("li", {}, h("button", { type: "button", class: "toggle", "aria-pressed": String(on), onclick: toggle, "data-key": key }, mark, h("span", {}, label(thing)), h("span", { class: "count" }, count)),
    h("button", { type: "button", class: "only", onclick: only, "data-only": key, "aria-label": `${t("only")} ${label(thing)}` }, t("only")));
}

function legend(word, things, off, mark) {
  const names = Object.keys(things).filter((name) => things[name].count);
  const flip = (name) => { if (off.has(name)) off.delete(name); else off.add(name); commit(); };
  return h("section", { class: "block" }, h("h2", {}, t(word), off.size ? link(t("all"), () => { off.clear(); commit(); }, { class: "link small" }) : null),
    h("ul", { class: "legend", id: `legend-${word}` }, names.map((name) => legendRow(mark(name), things[name], !off.has(name), things[name].count, () => flip(name),
      () => { off.clear(); names.forEach((each) => { if (each !== name) off.add(each); }); commit(); canvas.fit(); }, name))));
}

function renderSide() {
  const side = byId("side"), top = side.scrollTop, focused = document.activeElement && side.contains(document.activeElement) ? document.activeElement : null;
  const again = focused ? (focused.dataset.key ? `[data-key="${CSS.escape(focused.dataset.key)}"]` : focused.id ? `#${CSS.escape(focused.id)}` : null) : null;
  side.setAttribute("aria-label", t("filters"));
  const partners = NODES.filter((_, i) => isPartner(i)).length;
  const check = (id, word, value, set) => h("label", { class: "field" }, h("input", { type: "checkbox", id, checked: value, onchange: (event) => { set(event.target.checked); commit(); } }), t(word));
  const day = (id, word) => h("label", { class: "field" }, h("span", { class: "soft" }, t(word)), h("input", { type: "date", id, value: state[id], onchange: (event) => { state[id] = event.target.value; commit(); } }));
  const range = h("input", { type: "range", id: "least", min: 0, max: 1, step: 0.05, value: state.least, "aria-label": t("least"), oninput: (event) => { state.least = Number(event.target.value); commit(); } });
  replace(side,
    legend("types", DATA.classes, state.offTypes, (name) => swatch(name)),
    partners ? h("section", { class: "block" }, h("label", { class: "field one" }, h("input", { type: "checkbox", id: "partner", checked: state.partner, onchange: (event) => { state.partner = event.target.checked; commit(); canvas.fit(); } }),
      s("svg", { width: 18, height: 18, "aria-hidden": "true" }, s("circle", { cx: 9, cy: 9, r: 7, fill: "none", stroke: ink().partner, "stroke-width": 2.2 })), h("span", {}, t("partnerOnly")), h("span", { class: "count" }, partners))) : null,
    legend("predicates", DATA.predicates, state.offPredicates, (name) => stroke(name)),
    h("section", { class: "block" }, h("h2", {}, t("filters"), link(t("reset"), () => { app.resetFilters(); canvas.fit(); }, { class: "link small", id: "reset" })),
      check("implied", "implied", state.implied, (on) => { state.implied = on; }),
      h("div", { class: "field" }, h("span", { class: "soft" }, t("least")), range, h("span", { class: "small" }, percent(state.least))),
      DOCS.some((doc) => doc.date) ? [day("from", "from"), day("to", "to")] : null),
    DOCS.length > 1 ? h("section", { class: "block documents" }, h("h2", {}, t("documents"), state.offDocs.size ? link(t("all"), () => { state.offDocs.clear(); commit(); }, { class: "link small" }) : null),
      DOCS.slice(0, 200).map((doc, d) => h("label", {}, h("input", { type: "checkbox", id: `doc-${d}`, checked: !state.offDocs.has(d), onchange: (event) => { if (event.target.checked) state.offDocs.delete(d); else state.offDocs.add(d); commit(); } }), h("span", {}, doc.title)))) : null);
  side.scrollTop = top;
  if (again && side.querySelector(again)) side.querySelector(again).focus({ preventScroll: true });
}

function renderTools() {
  const tools = byId("canvas-tools");
  tools.setAttribute("aria-label", t("graph"));
  byId("net").setAttribute("aria-label", t("network"));
  replace(tools,
    button("+", () => canvas.zoom(1.3), { "aria-label": t("larger") }), button("−", () => canvas.zoom(1 / 1.3), { "aria-label": t("smaller") }), button(t("fit"), () => canvas.fit(), { id: "fit" }),
    canvas.physics ? button(t("physics"), () => { physics = !physics; canvas.physics(physics); commit(); }, { id: "physics", "aria-pressed": String(physics) }) : null,
    button(t("edgeLabels"), () => { state.names = !state.names; commit(); }, { id: "edge-names", "aria-pressed": String(state.names) }),
    button(t("path"), () => app.askPath(state.node), { id: "path" }),
    button(t("svg"), saveSvg, { id: "save-svg" }), button(t("png"), savePng, { id: "save-png" }));
}

function renderStatus() {
  const n = shownNode.reduce((a, b) => a + b, 0), f = shownFact.reduce((a, b) => a + b, 0), whole = n === NODES.length && f === FACTS.length;
  byId("status").textContent = [t(whole ? "status" : "statusPart", { n, f, N: NODES.length, F: FACTS.length }), DATA.renderer === "sigma" ? t("sigma") : ""].filter(Boolean).join(" · ");
}

function showHelp() {
  const keys = [["/", "kFind"], ["0", "kFit"], ["+ −", "kZoom"], ["← ↑ → ↓", "kPan"], ["N / P", "kNext"], ["1 2 3", "kViews"], ["Esc", "kClear"], ["L", "kLang"], ["D", "kTheme"]];
  const box = h("dialog", { "aria-label": t("help"), onclose: () => box.remove() }, h("h2", {}, t("help")), h("p", {}, t("legendHelp")), h("h2", {}, t("keys")),
    h("dl", { class: "pairs" }, keys.map(([key, word]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(word))])), h("div", { class: "actions" }, button(t("close"), () => box.close())));
  document.body.append(box);
  box.showModal();
}

function neighbour(step) {
  if (state.node === null) { app.selectNode(order.find((i) => shownNode[i]) ?? 0, true); return; }
  const near = [...new Set(factsOf[state.node].filter((f) => shownFact[f]).map((f) => other(FACTS[f], state.node)))];
  if (!near.length) return;
  neighbour.at = ((neighbour.at ?? -1) + step + near.length) % near.length;
  app.selectNode(near[neighbour.at], true);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target.closest("input, textarea, select, dialog")) return;
  const does = {
    "/": () => byId("find").focus(), "0": () => canvas.fit(), "+": () => canvas.zoom(1.3), "=": () => canvas.zoom(1.3), "-": () => canvas.zoom(1 / 1.3),
    "1": () => app.show("graph"), "2": () => app.show("table"), "3": () => app.show("paper"), Escape: () => app.clear(), "?": showHelp,
    n: () => neighbour(1), p: () => neighbour(-1), l: () => byId("lang").click(), d: () => byId("theme").click(),
  };
  const pans = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] };
  if (pans[event.key] && event.target.closest("#net")) does[event.key] = () => canvas.pan(...pans[event.key]);
  const act = does[event.key] || does[event.key.toLowerCase()];
  if (act) { event.preventDefault(); act(); }
});

window.addEventListener("hashchange", () => {
  if (location.hash.slice(1) === written) return;
  fromHash(location.hash);
  commit();
});

// For pages that embed this one, and for tests: where a node stands on the screen, which names are shown, how often it was drawn.
window.knowledgeGraph = Object.freeze({
  positionOf: (id) => {
    const frame = byId("net").getBoundingClientRect(), at = canvas.domOf(nodeById.get(id));
    return at && { x: frame.left + at.x, y: frame.top + at.y };
  },
  shown: () => NODES.filter((_, i) => shownNode[i]).map((node) => node.id),
  named: () => [...canvas.named().keys()].map((i) => NODES[i].id),
  drawings: () => canvas.drawings(),
});

document.documentElement.dataset.renderer = DATA.renderer;
commit();
canvas.resize();
canvas.fit(undefined, false);
if (state.node !== null && !state.depth && state.view === "graph") canvas.focus(state.node);
document.documentElement.dataset.ready = "yes";
requestAnimationFrame(() => setTimeout(() => { document.documentElement.dataset.painted = String(Math.round(performance.now())); }, 0));
