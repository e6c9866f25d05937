// The graph on sigma.js: WebGL draws tens of thousands of nodes and lines at once. Over it lies a canvas on which paint.js draws what the
// reader looks at: the names of the busiest, what is selected, and, as soon as few enough are in view, every symbol and line as on a small
// graph. A click so never draws the large picture anew. Without WebGL the page says so, and search, table and documents still work.
const canvas = (() => {
  const NEAR = 450, NAMES = 420, FLOOR = Math.max(0.07, Math.min(0.3, 0.26 * Math.sqrt(3000 / NODES.length)));
  const place = NETWORK.nodes.map((node) => ({ x: node.x, y: node.y })), placeOf = (i) => place[i];
  const host = byId("net"), over = h("canvas", { class: "over", "aria-hidden": "true" });
  const graph = new graphology.MultiDirectedGraph();
  NETWORK.nodes.forEach((node, i) => graph.addNode(i, { x: node.x, y: -node.y, size: node.size, color: kindOf(i).color }));
  NETWORK.edges.forEach((edge, f) => graph.addEdgeWithKey(f, edge.from, edge.to, { size: 1, color: edge.color }));

  // Lines are opaque: they are so many that what shines through adds up. Those between communities stand back.
  const tones = new Map();
  function tone(colour, share) {
    const key = `${colour}${share}${state.dark}`;
    if (!tones.has(key)) {
      const part = (hex, n) => parseInt(hex.slice(n, n + 2), 16), halo = ink().halo;
      tones.set(key, `#${[1, 3, 5].map((n) => Math.round(part(colour, n) * share + part(halo, n) * (1 - share)).toString(16).padStart(2, "0")).join("")}`);
    }
    return tones.get(key);
  }
  const toneOf = (f) => tone(NETWORK.edges[f].color, NETWORK.nodes[FACTS[f].s].group === NETWORK.nodes[FACTS[f].o].group ? 0.6 : 0.22);

  let view = null, unit = 0.1;
  try {
    // Which node lies where is worked out here, so that sigma.js need not draw all of them a second time to tell.
    class Discs extends Sigma.rendering.NodeCircleProgram {
      constructor(gl, _, renderer) { super(gl, null, renderer); }
    }
    view = new Sigma(graph, host, {
      allowInvalidContainer: true, renderLabels: false, renderEdgeLabels: false, zIndex: false, minCameraRatio: 0.0005, maxCameraRatio: 3, stagePadding: 0,
      hideEdgesOnMove: FACTS.length > 20000, minEdgeThickness: 0.9, defaultEdgeType: "line", nodeProgramClasses: { circle: Discs }, edgeProgramClasses: { line: Sigma.rendering.EdgeLineProgram }, nodeHoverProgramClasses: { circle: Discs },
      zoomToSizeRatioFunction: (ratio) => 1 / Math.max(unit / ratio, FLOOR), defaultDrawNodeHover: () => {}, zoomDuration: NODES.length > 20000 ? 0 : 200,
      nodeReducer: (key, data) => (shownNode[key] ? data : { ...data, hidden: true }),
      edgeReducer: (key, data) => (shownFact[key] ? { ...data, color: toneOf(Number(key)) } : { ...data, hidden: true }),
    });
  } catch (error) {
    // Where the browser has no WebGL, sigma.js fails as it is read, and is not there.
    replace(host, h("p", { class: "notice", id: "no-webgl", title: String(error.message || error) }, t("noWebgl")));
  }

  let lens = { scale: 1, x: 0, y: 0 }, names = new Map(), near = false, drawnNodes = [], drawnFacts = [], hovered = null, drawings = 0;
  function look() {
    const at = view.graphToViewport({ x: 0, y: 0 }), to = view.graphToViewport({ x: 1000, y: 0 });
    lens = { scale: (to.x - at.x) / 1000, x: at.x, y: at.y };
    unit = lens.scale * view.getCamera().ratio;
  }
  const toWorld = (x, y) => ({ x: (x - lens.x) / lens.scale, y: (y - lens.y) / lens.scale });

  function inView() {
    const [a, b] = [toWorld(-60, -40), toWorld(host.clientWidth + 60, host.clientHeight + 40)];
    return order.filter((i) => shownNode[i] && place[i].x > a.x && place[i].x < b.x && place[i].y > a.y && place[i].y < b.y);
  }
  function clean() {
    const dpr = window.devicePixelRatio || 1, [wide, tall] = [Math.round(host.clientWidth * dpr), Math.round(host.clientHeight * dpr)];
    if (over.width !== wide || over.height !== tall) { over.width = wide; over.height = tall; }
    const context = over.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, tall);
    context.setTransform(dpr * lens.scale, 0, 0, dpr * lens.scale, dpr * lens.x, dpr * lens.y);
    return context;
  }
  /** Draw what lies over the WebGL picture; the picture itself only fades. */
  function paint() {
    look();
    const context = clean(), { scale } = lens, seen = inView();
    growth = lit ? Infinity : 8;
    near = seen.length <= NEAR;
    const { nodes, edges } = view.getCanvases();
    for (const layer of [nodes, edges]) layer.style.opacity = near ? 0 : lit ? (layer === nodes ? 0.22 : 0.1) : 1;
    const chosen = lit ? order.filter((i) => lit.nodes.has(i)).slice(0, 2000) : [];
    const facts = new Set(near ? seen.flatMap((i) => (factsOf[i].length > 1500 ? [] : factsOf[i])) : []);
    if (lit) for (const f of [...lit.facts].slice(0, 3000)) facts.add(f);
    drawnFacts = [...facts].filter((f) => shownFact[f] && FACTS[f].s !== FACTS[f].o);
    drawnNodes = near ? [...new Set([...seen, ...chosen])] : chosen;
    const light = (f) => (lit ? (lit.facts.has(f) ? "lit" : "dim") : "plain");
    for (const f of drawnFacts) if (light(f) !== "lit") paintLine(context, f, placeOf, scale, light(f));
    for (const f of drawnFacts) if (light(f) === "lit") paintLine(context, f, placeOf, scale, "lit");
    for (const f of drawnFacts) if ((light(f) === "lit" && lit.facts.size <= 16) || (state.names && light(f) !== "dim" && near)) paintLineName(context, f, placeOf, scale);
    for (const i of [...drawnNodes].reverse()) paintNode(context, i, place[i].x, place[i].y, scale, i === hovered);
    if (hovered !== null && !drawnNodes.includes(hovered)) paintNode(context, hovered, place[hovered].x, place[hovered].y, scale, true);
    const among = near ? drawnNodes : lit ? chosen : seen.slice(0, NAMES);
    const [low, high] = [toWorld(2, 2), toWorld(host.clientWidth - 2, host.clientHeight - 2)];
    names = roomFor(context, scale, placeOf, { frame: [low.x, low.y, high.x, high.y], among, symbols: near, apart: near || lit ? 2 : 9 });
    for (const [i, side] of names) if (i !== state.node && i !== hovered) paintName(context, i, place[i].x, place[i].y, scale, false, side);
    for (const i of new Set([state.node, hovered])) if (i !== null && shownNode[i]) paintName(context, i, place[i].x, place[i].y, scale, true, names.get(i) || 0);
    drawings++;
  }

  function nodeAt({ x, y }) {
    const point = toWorld(x, y);
    let best = null, nearest = Infinity;
    const test = (i, r) => {
      const away = Math.hypot(place[i].x - point.x, place[i].y - point.y);
      if (shownNode[i] && away <= r && away < nearest) { nearest = away; best = i; }
    };
    for (const i of drawnNodes) test(i, radiusAt(i, lens.scale) + 2 / lens.scale);
    // A line that is lit lies over the nodes that are not.
    if (best === null && lit && lineAt(point, drawnFacts, placeOf, lens.scale) !== null) return null;
    if (best === null && !near) for (let i = 0; i < place.length; i++) test(i, Math.max(radii[i] * Math.max(1, FLOOR / lens.scale), 5 / lens.scale));
    return best;
  }
  if (view) {
    host.append(over);
    view.getNodeAtPosition = (point) => { const i = nodeAt(point); return i === null ? null : String(i); };
    view.on("afterRender", paint);
    view.on("clickNode", ({ node }) => app.selectNode(Number(node)));
    view.on("clickStage", ({ event }) => {
      const f = lineAt(toWorld(event.x, event.y), drawnFacts, placeOf, lens.scale);
      if (f === null) app.clear();
      else app.selectFact(f);
    });
    view.on("doubleClickNode", ({ node, preventSigmaDefault }) => { preventSigmaDefault(); app.showAround(Number(node), Math.max(1, state.depth)); });
    view.on("enterNode", ({ node, event }) => { hovered = Number(node); app.hint(hintOfNode(hovered), event.original); paint(); });
    view.on("leaveNode", () => { hovered = null; app.hint(null); paint(); });
    view.on("moveBody", ({ event }) => {
      if (hovered !== null) return;
      const f = lineAt(toWorld(event.x, event.y), drawnFacts, placeOf, lens.scale);
      app.hint(f === null ? null : hintOfFact(f), event.original);
    });
  }

  const was = { nodes: shownNode.slice(), facts: shownFact.slice(), dark: state.dark };
  let waiting = 0;
  /** Bring the large picture up to what is shown now: only what changed is given to WebGL again. */
  function refresh() {
    const differ = (before, now) => { const found = []; now.forEach((value, n) => { if (value !== before[n]) found.push(String(n)); }); return found; };
    const nodes = differ(was.nodes, shownNode), edges = was.dark === state.dark ? differ(was.facts, shownFact) : FACTS.map((_, f) => String(f));
    if (!nodes.length && !edges.length) return false;
    Object.assign(was, { nodes: shownNode.slice(), facts: shownFact.slice(), dark: state.dark });
    view.refresh({ partialGraph: { nodes, edges }, skipIndexation: true });
    return true;
  }
  function update() {
    if (!view) return;
    // The panel answers a click at once; the picture follows in the next frame.
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => { if (!refresh()) paint(); });
  }
  const panelWidth = () => { const panel = byId("panel"); return panel.hidden || panel.offsetWidth > host.clientWidth / 2 ? 0 : panel.offsetWidth; };
  function moveTo(centre, scale, animate) {
    look();
    const target = view.graphToViewport({ x: centre.x + panelWidth() / 2 / scale, y: -centre.y });
    const camera = { ...view.viewportToFramedGraph(target), ratio: Math.min(3, Math.max(0.0005, unit / scale)) };
    if (animate && NODES.length <= 20000) view.getCamera().animate(camera, { duration: 300 });
    else view.getCamera().setState(camera);
  }
  function frameOf(ids) {
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const i of ids) { x0 = Math.min(x0, place[i].x); x1 = Math.max(x1, place[i].x); y0 = Math.min(y0, place[i].y); y1 = Math.max(y1, place[i].y); }
    return [x0, x1, y0, y1];
  }
  const scaleFor = ([x0, x1, y0, y1]) => Math.min(1.4, (host.clientWidth - panelWidth() - 150) / Math.max(1, x1 - x0), (host.clientHeight - 80) / Math.max(1, y1 - y0));
  const middleOf = ([x0, x1, y0, y1], scale) => ({ x: (x0 + x1) / 2, y: (y0 + y1) / 2 + 6 / scale });
  const shown = () => NODES.map((_, i) => i).filter((i) => shownNode[i]);
  return {
    update,
    fit: (ids = shown(), animate = true) => {
      if (!view || !ids.length) return;
      const box = frameOf(ids), scale = scaleFor(box);
      moveTo(middleOf(box, scale), scale, animate);
    },
    focus: (i, near = []) => {
      if (!view) return;
      look();
      const box = frameOf([i, ...near]), scale = scaleFor(box);
      if (near.length && scale >= 0.6) moveTo(middleOf(box, scale), scale, true);
      else moveTo(place[i], Math.max(lens.scale, 0.8), true);
    },
    zoom: (by) => { if (view) view.getCamera().setState({ ratio: Math.min(3, Math.max(0.0005, view.getCamera().ratio / by)) }); },
    pan: (dx, dy) => { if (view) view.getCamera().setState(view.viewportToFramedGraph({ x: host.clientWidth / 2 + dx, y: host.clientHeight / 2 + dy })); },
    physics: null,
    place: placeOf,
    scale: () => lens.scale,
    domOf: (i) => (view ? view.graphToViewport({ x: place[i].x, y: -place[i].y }) : null),
    named: () => names,
    drawings: () => drawings,
    resize: () => { if (view) view.resize(); },
  };
})();
