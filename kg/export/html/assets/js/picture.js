// What is shown, as SVG for a paper, and as PNG of twice the size drawn from it.
function picture() {
  const colours = ink(), shown = NODES.map((_, i) => i).filter((i) => shownNode[i]);
  if (!shown.length) return null;
  const at = (i) => canvas.place(i), measure = document.createElement("canvas").getContext("2d");
  const names = roomFor(measure, 1, at);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const i of shown) {
    const { x, y } = at(i), half = Math.max(radii[i] + 8, (widthOf(measure, i) * sizeOf(i)) / 2);
    left = Math.min(left, x - half); right = Math.max(right, x + half);
    top = Math.min(top, y - radii[i] - 8); bottom = Math.max(bottom, y + radii[i] + 8 + lines[i].length * sizeOf(i) * 1.25);
  }
  const margin = 24, round = (v) => Math.round(v * 10) / 10;
  const width = Math.ceil(right - left + 2 * margin), height = Math.ceil(bottom - top + 2 * margin);
  const svg = s("svg", { xmlns: SVG, width, height, viewBox: `${round(left - margin)} ${round(top - margin)} ${width} ${height}`, "font-family": FONT },
    s("title", {}, DATA.title),
    s("rect", { x: left - margin, y: top - margin, width, height, fill: colours.halo }));
  FACTS.forEach((fact, f) => {
    if (!shownFact[f] || fact.s === fact.o) return;
    const { a, middle, end, turn } = lineOf(f, at), far = lit && !lit.facts.has(f), edge = NETWORK.edges[f];
    const look = { stroke: edge.color, "stroke-width": edge.width, fill: "none", opacity: far ? 0.12 : 0.7, "stroke-dasharray": fact.implied ? "5 4" : null };
    svg.append(s("path", { d: `M${round(a.x)} ${round(a.y)}Q${round(middle.x)} ${round(middle.y)} ${round(end.x)} ${round(end.y)}`, ...look }, s("title", {}, hintOfFact(f))));
    if (!DATA.predicates[fact.p].symmetric) {
      const tip = (angle) => `${round(end.x - 8 * Math.cos(turn + angle))},${round(end.y - 8 * Math.sin(turn + angle))}`;
      svg.append(s("polygon", { points: `${round(end.x)},${round(end.y)} ${tip(0.4)} ${tip(-0.4)}`, fill: edge.color, opacity: far ? 0.12 : 0.8 }));
    }
    if (state.names || (lit && !far)) svg.append(s("text", { x: round((a.x + 2 * middle.x + end.x) / 4), y: round((a.y + 2 * middle.y + end.y) / 4), "font-size": 10.5, "text-anchor": "middle", fill: colours.ink, stroke: colours.halo, "stroke-width": 3, "paint-order": "stroke" }, label(DATA.predicates[fact.p])));
  });
  for (const i of shown) {
    const { x, y } = at(i), look = kindOf(i), r = radii[i], far = lit && !lit.nodes.has(i);
    const group = s("g", { opacity: far ? 0.18 : null }, s("title", {}, hintOfNode(i)),
      isPartner(i) ? s("circle", { cx: x, cy: y, r: r + 3.4, fill: "none", stroke: colours.partner, "stroke-width": 2.2 }) : null,
      shapeElement(look.shape, r, x, y, { fill: look.color, stroke: colours.rim, "stroke-width": 1.2 }),
      s("text", { x, y, "font-size": round(r * 0.95), "text-anchor": "middle", "dominant-baseline": "central", fill: inkOn(look.color) }, look.glyph));
    const box = names.has(i) ? nameBox(measure, i, x, y, 1, names.get(i)) : null;
    if (box) lines[i].forEach((line, n) => group.append(s("text", {
      x: round(box[0] + box[2] / 2), y: round(box[1] + (n + 0.8) * sizeOf(i) * 1.2), "font-size": round(sizeOf(i)), "text-anchor": "middle", fill: colours.ink, stroke: colours.halo, "stroke-width": 3.5, "stroke-linejoin": "round", "paint-order": "stroke",
    }, line)));
    svg.append(group);
  }
  return { svg, width, height };
}

function saveSvg() {
  const drawn = picture();
  if (drawn) save("graph.svg", "image/svg+xml", `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(drawn.svg)}`);
}

function savePng() {
  const drawn = picture();
  if (!drawn) return;
  const scale = Math.min(2, 8000 / Math.max(drawn.width, drawn.height));
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(drawn.svg)], { type: "image/svg+xml" }));
  const image = new Image();
  image.onload = () => {
    const surface = h("canvas", { width: Math.round(drawn.width * scale), height: Math.round(drawn.height * scale) });
    surface.getContext("2d").drawImage(image, 0, 0, surface.width, surface.height);
    URL.revokeObjectURL(address);
    surface.toBlob((blob) => save("graph.png", "image/png", blob));
  };
  image.src = address;
}
