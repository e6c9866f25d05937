// How nodes and their names are painted, whichever library owns the canvas.
const FONT = '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", system-ui, sans-serif';
const INK = {
  light: { ink: "#1d2733", halo: "#f6f7f9", faint: "#7d8895", ring: "#1f5fa8", partner: "#b0357f", rim: "#f6f7f9" },
  dark: { ink: "#e6ebf1", halo: "#12171d", faint: "#8793a0", ring: "#7db4f0", partner: "#e07ab8", rim: "#8fa0b3" },
};
const ink = () => INK[state.dark ? "dark" : "light"];
const lines = NETWORK.nodes.map((node) => String(node.label).split("\n"));
const radii = NETWORK.nodes.map((node) => node.size);
/** Nodes keep a size that can be seen and hit when the whole is small; a canvas says how far they grow. */
let growth = 2.4;
const radiusAt = (i, scale) => radii[i] * Math.max(1, Math.min(growth, 0.72 / scale));
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
  const look = kindOf(i), r = radiusAt(i, scale), colours = ink();
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
    const fat = r / radii[i];
    context.arc(x, y, r + 3.4 * fat, 0, 2 * Math.PI);
    context.strokeStyle = colours.partner;
    context.lineWidth = 2.1 * fat;
    context.stroke();
  }
  tracePath(context, look.shape, x, y, r);
  context.fillStyle = colours.halo;
  context.globalAlpha = 1;
  context.fill();
  context.globalAlpha = dim ? 0.16 : 1;
  context.fillStyle = look.color;
  context.fill();
  context.strokeStyle = colours.rim;
  context.lineWidth = state.dark ? 0.9 : 1.4;
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

/** Where a name may stand: below its symbol, above, right, left; `[left, top, width, height]`. */
function nameBox(context, i, x, y, scale, side) {
  const size = sizeOf(i) / scale, w = widthOf(context, i) * size, tall = lines[i].length * size * 1.2;
  const off = radiusAt(i, scale) * 1.12 + (isPartner(i) ? 4 : 0) + 2 / scale;
  if (side === 1) return [x - w / 2, y - off - tall, w, tall];
  if (side === 2) return [x + off, y - tall / 2, w, tall];
  if (side === 3) return [x - off - w, y - tall / 2, w, tall];
  return [x - w / 2, y + off, w, tall];
}

function paintName(context, i, x, y, scale, strong, side) {
  const colours = ink(), dim = lit && !lit.nodes.has(i);
  const size = sizeOf(i) / scale, [left, top, w] = nameBox(context, i, x, y, scale, side);
  context.save();
  context.globalAlpha = dim && !strong ? 0.22 : 1;
  context.font = `${strong ? "600 " : ""}${size}px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.lineJoin = "round";
  context.lineWidth = 3.5 / scale;
  context.strokeStyle = colours.halo;
  context.fillStyle = colours.ink;
  lines[i].forEach((line, n) => {
    context.strokeText(line, left + w / 2, top + n * size * 1.2);
    context.fillText(line, left + w / 2, top + n * size * 1.2);
  });
  context.restore();
}

/**
 * The names that have room at this scale without covering another or a symbol, with the side on which each stands: selected and lit
 * nodes first, then by degree. The busiest bodies may cover symbols, for a graph without their names says nothing. `among` are the nodes
 * whose names count, `apart` the pixels between two; without `symbols` only names stand in each other's way.
 */
function roomFor(context, scale, positionOf, { among = order, symbols = true, apart = 2, frame = null } = {}) {
  const placed = new Map(), out = new Map(), cell = 110 / scale, gap = apart / scale;
  const cells = (box, visit) => {
    for (let cx = Math.floor(box[0] / cell); cx <= Math.floor(box[2] / cell); cx++) for (let cy = Math.floor(box[1] / cell); cy <= Math.floor(box[3] / cell); cy++) visit(`${cx},${cy}`);
  };
  const put = (box) => cells(box, (key) => { if (!placed.has(key)) placed.set(key, []); placed.get(key).push(box); });
  const free = (box, i, overSymbols) => {
    let ok = true;
    cells(box, (key) => {
      for (const b of placed.get(key) || []) {
        if (b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3] && !(b[4] !== undefined && (overSymbols || b[4] === i))) ok = false;
      }
    });
    return ok;
  };
  for (const i of symbols ? among : []) {
    const at = shownNode[i] ? positionOf(i) : null, r = radiusAt(i, scale) * 0.8;
    if (at) put([at.x - r, at.y - r, at.x + r, at.y + r, i]);
  }
  // A name at the side of a node at the rim would stand outside the frame.
  let [rimLeft, rimRight] = [Infinity, -Infinity];
  for (const i of among) {
    const at = shownNode[i] ? positionOf(i) : null;
    if (at) { rimLeft = Math.min(rimLeft, at.x - 85 / scale); rimRight = Math.max(rimRight, at.x + 85 / scale); }
  }
  const inside = (box) => !frame || (box[0] >= frame[0] && box[1] >= frame[1] && box[2] <= frame[2] && box[3] <= frame[3]);
  const first = [...(state.node !== null ? [state.node] : []), ...(lit ? among.filter((i) => lit.nodes.has(i)) : [])];
  const must = new Set(first.slice(0, 16));
  for (const i of new Set([...first, ...among])) {
    const at = shownNode[i] ? positionOf(i) : null;
    if (!at) continue;
    const boxAt = (side) => { const [x, y, w, tall] = nameBox(context, i, at.x, at.y, scale, side); return [x - gap, y - gap + 2 / scale, x + w + gap, y + tall + gap - 2 / scale]; };
    const busy = must.has(i) || factsOf[i].length >= 8;
    let side = [0, 1, 2, 3].find((n) => { const box = boxAt(n); return (n < 2 || (box[0] >= rimLeft && box[2] <= rimRight)) && inside(box) && free(box, i, false); });
    if (side === undefined && busy) side = [0, 1, 2, 3].find((n) => inside(boxAt(n)) && free(boxAt(n), i, true));
    if (side === undefined && i === state.node) side = 0;
    if (side === undefined) continue;
    out.set(i, side);
    put(boxAt(side));
  }
  return out;
}
