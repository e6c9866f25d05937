// How nodes and their names are painted, whichever library owns the canvas.
const FONT = '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", system-ui, sans-serif';
const INK = {
  light: { ink: "#1d2733", halo: "#f6f7f9", faint: "#7d8895", ring: "#1f5fa8", partner: "#b0357f" },
  dark: { ink: "#e6ebf1", halo: "#12171d", faint: "#8793a0", ring: "#7db4f0", partner: "#e07ab8" },
};
const ink = () => INK[state.dark ? "dark" : "light"];
const lines = NETWORK.nodes.map((node) => String(node.label).split("\n"));
const radii = NETWORK.nodes.map((node) => node.size);
/** Busier bodies keep their names when there is no room for all. */
const order = NODES.map((_, i) => i).sort((a, b) => factsOf[b].length - factsOf[a].length || a - b);
const sizeOf = (i) => 12 + Math.min(3.5, factsOf[i].length / 6);

const widths = new Map();
function widthOf(context, i) {
  if (!widths.has(i)) {
    context.font = `12px ${FONT}`;
    widths.set(i, Math.max(...lines[i].map((line) => context.measureText(line).width)) / 12);
  }
  return widths.get(i);
}

function tracePath(context, shape, x, y, r) {
  const points = corners(shape, r);
  context.beginPath();
  if (!points) { context.arc(x, y, r, 0, 2 * Math.PI); return; }
  points.forEach(([a, b], n) => (n ? context.lineTo(x + a, y + b) : context.moveTo(x + a, y + b)));
  context.closePath();
}

function paintNode(context, i, x, y, scale, hover) {
  const look = kindOf(i), r = radii[i], colours = ink();
  const dim = lit && !lit.nodes.has(i);
  context.save();
  context.globalAlpha = dim ? 0.16 : 1;
  context.lineJoin = "round";
  if (i === state.node || hover) {
    tracePath(context, look.shape, x, y, r + 7);
    context.fillStyle = colours.ring;
    context.globalAlpha *= i === state.node ? 0.32 : 0.16;
    context.fill();
    context.globalAlpha = dim ? 0.16 : 1;
  }
  if (isPartner(i)) {
    context.beginPath();
    context.arc(x, y, r + 3.4, 0, 2 * Math.PI);
    context.strokeStyle = colours.partner;
    context.lineWidth = 2.2;
    context.stroke();
  }
  tracePath(context, look.shape, x, y, r);
  context.fillStyle = colours.halo;
  context.globalAlpha = 1;
  context.fill();
  context.globalAlpha = dim ? 0.16 : 1;
  context.fillStyle = look.color;
  context.fill();
  context.strokeStyle = colours.halo;
  context.lineWidth = 1.4;
  context.stroke();
  if (r * scale > 6.5) {
    context.fillStyle = inkOn(look.color);
    context.font = `${r * 0.95}px ${FONT}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(look.glyph, x, y + r * (look.shape === "triangle" ? 0.14 : look.shape === "triangleDown" ? -0.1 : 0.04));
  }
  context.restore();
}

function paintName(context, i, x, y, scale, strong) {
  const colours = ink(), dim = lit && !lit.nodes.has(i);
  const size = sizeOf(i) / scale;
  context.save();
  context.globalAlpha = dim && !strong ? 0.22 : 1;
  context.font = `${strong ? "600 " : ""}${size}px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.lineJoin = "round";
  context.lineWidth = 3.5 / scale;
  context.strokeStyle = colours.halo;
  context.fillStyle = colours.ink;
  const top = y + radii[i] * 1.12 + (isPartner(i) ? 4 : 0) + 2 / scale;
  lines[i].forEach((line, n) => {
    context.strokeText(line, x, top + n * size * 1.2);
    context.fillText(line, x, top + n * size * 1.2);
  });
  context.restore();
}

/** The nodes whose names fit at this scale without covering another: selected and lit ones first, then by degree. */
function roomFor(context, scale, positionOf) {
  const placed = new Map(), out = new Set(), cell = 160 / scale;
  const first = [...(state.node !== null ? [state.node] : []), ...(lit ? order.filter((i) => lit.nodes.has(i)) : [])];
  for (const i of new Set([...first, ...order])) {
    if (!shownNode[i]) continue;
    const at = positionOf(i);
    if (!at) continue;
    const size = sizeOf(i) / scale;
    const half = (widthOf(context, i) * size) / 2 + 2 / scale;
    const top = at.y + radii[i] * 1.12 + (isPartner(i) ? 4 : 0) + 2 / scale;
    const box = [at.x - half, top, at.x + half, top + lines[i].length * size * 1.2];
    const cells = [];
    let free = true;
    for (let cx = Math.floor(box[0] / cell); free && cx <= Math.floor(box[2] / cell); cx++) {
      for (let cy = Math.floor(box[1] / cell); free && cy <= Math.floor(box[3] / cell); cy++) {
        const key = `${cx},${cy}`;
        cells.push(key);
        free = !(placed.get(key) || []).some((b) => b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3]);
      }
    }
    if (!free && i !== state.node) continue;
    out.add(i);
    for (const key of cells) { if (!placed.has(key)) placed.set(key, []); placed.get(key).push(box); }
  }
  return out;
}
