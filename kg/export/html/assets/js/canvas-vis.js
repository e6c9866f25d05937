// The graph on vis-network: the network that pyvis built, with nodes painted by paint.js.
const canvas = (() => {
  const place = NETWORK.nodes.map((node) => ({ x: node.x, y: node.y }));
  const nodes = new vis.DataSet(NETWORK.nodes.map((node) => ({ id: node.id, x: node.x, y: node.y, size: node.size, label: "", hidden: !shownNode[node.id] })));
  // vis-network scales lines and their names with the drawing; they keep about their size on the screen, in steps.
  const STEPS = [0.5, 0.7, 1, 1.4, 2, 2.8];
  const stepFor = (scale) => STEPS.reduce((best, step) => (Math.abs(Math.log(step * scale)) < Math.abs(Math.log(best * scale)) ? step : best), 1);
  let thick = 1;
  const edgeNow = new Array(FACTS.length).fill("");
  let hovered = null, names = new Map(), namesFor = "", version = 0;

  const edgeLook = (f) => {
    if (!shownFact[f]) return "hidden";
    const light = lit ? (lit.facts.has(f) ? "lit" : "dim") : "plain";
    const named = (light === "lit" && lit.facts.size <= 16) || (state.names && light !== "dim");
    return `${thick}/${light}${named ? `/${state.lang}` : ""}${state.dark ? "/dark" : ""}`;
  };
  const edgeOf = (f, look) => {
    if (look === "hidden") return { id: f, hidden: true, label: " " };
    const base = NETWORK.edges[f], light = look.split("/")[1], colours = ink();
    return {
      id: f, hidden: false,
      color: { color: base.color, highlight: base.color, hover: base.color, opacity: { lit: 1, dim: 0.1, plain: 0.72 }[light] },
      width: thick * (base.width + 0.2 + (light === "lit" ? 0.8 : 0)),
      label: look.includes("/zh") || look.includes("/en") ? label(DATA.predicates[FACTS[f].p]) : " ",
      font: { size: 10.5 * thick, color: colours.ink, strokeWidth: 3.5 * thick, strokeColor: colours.halo, face: FONT, align: "horizontal" },
    };
  };
  const edges = new vis.DataSet(NETWORK.edges.map((edge, f) => {
    edgeNow[f] = edgeLook(f);
    return { ...edge, ...edgeOf(f, edgeNow[f]) };
  }));

  const net = new vis.Network(byId("net"), { nodes, edges }, {
    ...NETWORK.options,
    autoResize: true,
    configure: { enabled: false },
    physics: { enabled: false, stabilization: false, barnesHut: { gravitationalConstant: -9000, springLength: 130, avoidOverlap: 0.4 } },
    layout: { improvedLayout: false },
    interaction: { hover: true, hideEdgesOnDrag: FACTS.length > 3000, multiselect: false, selectConnectedEdges: false, tooltipDelay: 1e9, zoomSpeed: 0.6 },
    nodes: {
      shape: "custom", chosen: false,
      ctxRenderer: ({ ctx, id, x, y, state: now }) => {
        const scale = net ? net.getScale() : 1, r = radiusAt(id, scale);
        return {
          drawNode: () => paintNode(ctx, id, x, y, scale, now.hover || id === hovered),
          drawExternalLabel: () => {
            const strong = id === state.node || id === hovered;
            if (strong || names.has(id)) paintName(ctx, id, x, y, scale, strong, names.get(id) || 0);
          },
          nodeDimensions: { width: r * 2, height: r * 2 },
        };
      },
    },
    edges: { arrows: { to: { enabled: true, scaleFactor: 0.5 } }, arrowStrikethrough: false, smooth: false, chosen: false, selectionWidth: 0, hoverWidth: 0.6, endPointOffset: { from: 0, to: 2 } },
  });

  net.on("beforeDrawing", (context) => {
    const scale = net.getScale(), key = `${scale.toFixed(2)}/${version}`;
    if (key !== namesFor) { namesFor = key; names = roomFor(context, scale, (i) => place[i]); }
  });
  let drawings = 0, pending = 0;
  net.on("afterDrawing", () => { drawings++; });
  const rescale = () => {
    clearTimeout(pending);
    pending = setTimeout(() => { if (stepFor(net.getScale()) !== thick) { thick = stepFor(net.getScale()); update(); } }, 120);
  };
  net.on("zoom", rescale);
  net.on("animationFinished", rescale);
  const readPlaces = () => {
    const now = net.getPositions();
    for (const [id, at] of Object.entries(now)) place[id] = at;
    version++;
  };
  net.on("dragEnd", readPlaces);
  net.on("stabilized", readPlaces);
  net.on("click", ({ nodes: [node], edges: [edge], pointer }) => {
    if (node === undefined) node = net.getNodeAt(pointer.DOM);
    if (node !== undefined) app.selectNode(node);
    else if (edge !== undefined) app.selectFact(edge);
    else app.clear();
  });
  net.on("doubleClick", ({ nodes: [node] }) => { if (node !== undefined) app.showAround(node, Math.max(1, state.depth)); });
  net.on("hoverNode", ({ node, event }) => { hovered = node; app.hint(hintOfNode(node), event); net.redraw(); });
  net.on("blurNode", () => { hovered = null; app.hint(null); net.redraw(); });
  net.on("hoverEdge", ({ edge, event }) => app.hint(hintOfFact(edge), event));
  net.on("blurEdge", () => app.hint(null));

  const nodeNow = Uint8Array.from(shownNode);
  function update() {
    version++;
    const nodeChanges = [], edgeChanges = [];
    for (let i = 0; i < NODES.length; i++) {
      if (nodeNow[i] !== shownNode[i]) { nodeNow[i] = shownNode[i]; nodeChanges.push({ id: i, hidden: !shownNode[i] }); }
    }
    for (let f = 0; f < FACTS.length; f++) {
      const look = edgeLook(f);
      if (look === edgeNow[f]) continue;
      // A name or a new size of it goes through the data set; brightness alone is set on the edge itself, which is fifty times faster.
      const plain = (name) => !/[/](zh|en)/.test(name) && name !== "hidden";
      if (plain(look) && plain(edgeNow[f]) && net.body.edges[f]) {
        const { color, width } = edgeOf(f, look), options = net.body.edges[f].options;
        options.color.opacity = color.opacity;
        options.width = width;
      } else edgeChanges.push(edgeOf(f, look));
      edgeNow[f] = look;
    }
    if (nodeChanges.length) nodes.update(nodeChanges);
    if (edgeChanges.length) edges.update(edgeChanges);
    net.unselectAll();
    net.redraw();
  }
  /** The frame leaves room for the names at the rim, which vis-network does not count. */
  function frameOf(ids) {
    const frame = byId("net"), xs = ids.map((i) => place[i].x), ys = ids.map((i) => place[i].y);
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const scale = Math.max(0.02, Math.min(1.4, (frame.clientWidth - 190) / Math.max(1, x1 - x0), (frame.clientHeight - 96) / Math.max(1, y1 - y0)));
    return { position: { x: (x0 + x1) / 2, y: (y0 + y1) / 2 + 8 / scale }, scale };
  }
  const shown = () => NODES.map((_, i) => i).filter((i) => shownNode[i]);
  return {
    update,
    fit: (ids = shown(), animate = true) => {
      if (!ids.length) return;
      const { position, scale } = frameOf(ids);
      net.moveTo({ position, scale, animation: animate && { duration: 350, easingFunction: "easeInOutQuad" } });
      rescale();
    },
    /** Bring a node into the middle, or all of what belongs to it where that can be read. */
    focus: (i, near = []) => {
      const all = frameOf([i, ...near]), one = { position: place[i], scale: Math.max(net.getScale(), 0.8) };
      net.moveTo({ ...(near.length && all.scale >= 0.6 ? all : one), animation: { duration: 350, easingFunction: "easeInOutQuad" } });
    },
    zoom: (by) => { net.moveTo({ scale: Math.min(6, Math.max(0.02, net.getScale() * by)) }); rescale(); },
    pan: (dx, dy) => { const at = net.getViewPosition(), k = net.getScale(); net.moveTo({ position: { x: at.x + dx / k, y: at.y + dy / k } }); },
    physics: (on) => { readPlaces(); net.setOptions({ physics: { enabled: on } }); if (!on) { net.stopSimulation(); readPlaces(); } },
    place: (i) => place[i],
    scale: () => net.getScale(),
    domOf: (i) => net.canvasToDOM(place[i]),
    named: () => names,
    drawings: () => drawings,
    resize: () => { net.setSize("100%", "100%"); },
  };
})();
