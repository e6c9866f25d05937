// The graph on sigma.js: WebGL draws tens of thousands of nodes at once. Without WebGL the page says so and the table still works.
const canvas = (() => {
  const place = NETWORK.nodes.map((node) => ({ x: node.x, y: node.y }));
  const nothing = () => {};
  const graph = new graphology.MultiDirectedGraph();
  const small = Math.max(0.4, Math.min(1, Math.sqrt(3000 / NODES.length)));
  NETWORK.nodes.forEach((node, i) => graph.addNode(i, { x: node.x, y: -node.y, size: Math.max(1.2, (node.size / 2.8) * small), color: kindOf(i).color, label: NODES[i].name }));
  NETWORK.edges.forEach((edge, f) => graph.addEdgeWithKey(f, edge.from, edge.to, { color: `${edge.color}70`, size: Math.min(3, edge.width * 0.5) }));
  let view = null, wasDark = state.dark;
  const pale = () => (state.dark ? "#2a323b" : "#dde2e8");
  try {
    view = new Sigma(graph, byId("net"), {
      allowInvalidContainer: true, labelFont: FONT, labelSize: 12.5, labelColor: { color: ink().ink }, labelDensity: 0.6, labelGridCellSize: 130,
      labelRenderedSizeThreshold: 5, zIndex: true, minCameraRatio: 0.003, maxCameraRatio: 4, hideEdgesOnMove: FACTS.length > 20000, enableEdgeEvents: FACTS.length <= 6000,
      defaultEdgeType: "line",
      defaultDrawNodeHover: (context, data) => {
        const colours = ink(), size = 13;
        context.beginPath();
        context.arc(data.x, data.y, data.size + 4, 0, 2 * Math.PI);
        context.lineWidth = 2.5;
        context.strokeStyle = colours.ring;
        context.stroke();
        if (!data.label) return;
        context.font = `600 ${size}px ${FONT}`;
        context.lineJoin = "round";
        context.lineWidth = 4;
        context.strokeStyle = colours.halo;
        context.fillStyle = colours.ink;
        context.strokeText(data.label, data.x + data.size + 6, data.y + size / 3);
        context.fillText(data.label, data.x + data.size + 6, data.y + size / 3);
      },
      nodeReducer: (key, data) => {
        const i = Number(key);
        if (!shownNode[i]) return { ...data, hidden: true };
        const far = lit && !lit.nodes.has(i);
        return { ...data, color: far ? pale() : data.color, size: far ? data.size * 0.4 : data.size, label: far ? "" : data.label, zIndex: far ? 0 : 1, highlighted: i === state.node, forceLabel: i === state.node || (lit !== null && !far && lit.nodes.size < 60) };
      },
      edgeReducer: (key, data) => {
        const f = Number(key);
        if (!shownFact[f]) return { ...data, hidden: true };
        const far = lit && !lit.facts.has(f);
        if (far && lit.facts.size) return FACTS.length > 6000 ? { ...data, hidden: true } : { ...data, color: pale(), size: 0.4, zIndex: 0 };
        return lit && lit.facts.has(f) ? { ...data, color: data.color.slice(0, 7), size: data.size + 1.4, zIndex: 1 } : data;
      },
    });
  } catch (error) {
    replace(byId("net"), h("p", { class: "bar" }, "WebGL: ", String(error.message || error)));
  }
  if (view) {
    view.on("clickNode", ({ node }) => app.selectNode(Number(node)));
    view.on("clickEdge", ({ edge }) => app.selectFact(Number(edge)));
    view.on("clickStage", () => app.clear());
    view.on("doubleClickNode", ({ node, preventSigmaDefault }) => { preventSigmaDefault(); app.showAround(Number(node), Math.max(1, state.depth)); });
    view.on("enterNode", ({ node, event }) => { app.hint(hintOfNode(Number(node)), event.original); });
    view.on("leaveNode", () => { app.hint(null); });
  }
  let waiting = 0;
  function draw() {
    if (state.dark !== wasDark) { wasDark = state.dark; view.setSetting("labelColor", { color: ink().ink }); }
    view.refresh({ skipIndexation: true });
  }
  const shown = () => NODES.map((_, i) => i).filter((i) => shownNode[i]);
  function frame(ids) {
    if (!ids.length) return { x: 0.5, y: 0.5, ratio: 1 };
    const at = ids.map((i) => view.getNodeDisplayData(i)).filter(Boolean);
    const xs = at.map((p) => p.x), ys = at.map((p) => p.y);
    const low = (v) => v.reduce((a, b) => Math.min(a, b), Infinity), high = (v) => v.reduce((a, b) => Math.max(a, b), -Infinity);
    return { x: (low(xs) + high(xs)) / 2, y: (low(ys) + high(ys)) / 2, ratio: Math.min(1.05, Math.max(0.02, 1.2 * Math.max(high(xs) - low(xs), high(ys) - low(ys)))) };
  }
  return {
    // The panel answers a click at once; a large graph drawn without a graphics card follows a frame later.
    update: () => { if (view) { clearTimeout(waiting); requestAnimationFrame(() => { clearTimeout(waiting); waiting = setTimeout(draw, 0); }); } },
    fit: (ids = shown(), animate = true) => {
      if (!view) return;
      const target = ids.length === NODES.length ? { x: 0.5, y: 0.5, ratio: 1 } : frame(ids);
      if (animate) view.getCamera().animate(target, { duration: 350 });
      else view.getCamera().setState(target);
    },
    focus: (i) => {
      if (!view) return;
      const at = view.getNodeDisplayData(i);
      if (at) view.getCamera().animate({ x: at.x, y: at.y, ratio: Math.min(view.getCamera().ratio, 0.12) }, { duration: 350 });
    },
    zoom: (by) => { if (view) view.getCamera().setState({ ratio: view.getCamera().ratio / by }); },
    pan: (dx, dy) => { if (view) { const c = view.getCamera(); c.setState({ x: c.x + (dx / 900) * c.ratio, y: c.y - (dy / 900) * c.ratio }); } },
    physics: null,
    place: (i) => place[i],
    scale: () => (view ? 1 / view.getCamera().ratio : 1),
    domOf: (i) => (view ? view.graphToViewport({ x: place[i].x, y: -place[i].y }) : null),
    named: () => new Map(),
    resize: () => { if (view) view.resize(); },
  };
})();
