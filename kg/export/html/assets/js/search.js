// Search by name, alias, pinyin or the initials of the pinyin; a combobox as of the ARIA practices (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/).
const haystack = NODES.map((node) => [node.name, ...(node.aliases || [])].map((text) => text.toLowerCase()));

function found(query, limit = 12) {
  const text = query.trim().toLowerCase(), packed = text.replace(/[\s']/g, "");
  if (!text) return [];
  const hits = [];
  haystack.forEach((names, i) => {
    let rank = 9;
    names.forEach((name, n) => {
      const at = name.indexOf(text);
      if (at < 0) return;
      rank = Math.min(rank, name === text ? 0 : at === 0 ? 1 + (n ? 0.5 : 0) : 2 + (n ? 0.5 : 0));
    });
    if (rank === 9 && packed && /^[a-z0-9]+$/.test(packed)) {
      for (const form of NODES[i].pinyin.split(" ")) {
        if (form === packed) rank = Math.min(rank, 2.8);
        else if (form.startsWith(packed)) rank = Math.min(rank, 3);
        else if (packed.length > 2 && form.includes(packed)) rank = Math.min(rank, 4);
      }
    }
    if (rank < 9) hits.push([rank, -factsOf[i].length, NODES[i].name.length, i]);
  });
  hits.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]);
  return hits.slice(0, limit).map((hit) => hit[3]);
}

let finders = 0;
function finder({ value = "", label: name, pick, id = `find-${++finders}`, placeholder = name }) {
  let hits = [], at = -1, leaving = 0;
  const list = h("ul", { class: "suggestions", role: "listbox", id: `${id}-list`, "aria-label": name, hidden: true });
  const input = h("input", {
    type: "text", id, value, placeholder, autocomplete: "off", spellcheck: "false", role: "combobox", "aria-label": name, "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list`,
    oninput: () => look(), onfocus: () => { if (input.value && input.value !== value) look(); }, onblur: () => { leaving = setTimeout(close, 150); },
    onkeydown: (event) => {
      if (event.isComposing) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); move(event.key === "ArrowDown" ? 1 : -1); }
      else if (event.key === "Enter" && hits.length) { event.preventDefault(); choose(hits[Math.max(0, at)]); }
      else if (event.key === "Escape") { event.stopPropagation(); close(); input.blur(); }
    },
  });
  function close() { list.hidden = true; input.setAttribute("aria-expanded", "false"); }
  function choose(i) { close(); input.value = NODES[i].name; input.blur(); pick(i); }
  function move(by) {
    if (!hits.length) return;
    at = (at + by + hits.length) % hits.length;
    [...list.children].forEach((row, n) => row.setAttribute("aria-selected", String(n === at)));
    input.setAttribute("aria-activedescendant", `${id}-${at}`);
    list.children[at].scrollIntoView({ block: "nearest" });
  }
  function look() {
    clearTimeout(leaving);
    hits = found(input.value);
    at = hits.length ? 0 : -1;
    list.hidden = !input.value.trim();
    input.setAttribute("aria-expanded", String(!list.hidden));
    replace(list, hits.map((i, n) => {
      const alias = (NODES[i].aliases || []).find((text) => text.toLowerCase().includes(input.value.trim().toLowerCase()));
      return h("li", { role: "option", id: `${id}-${n}`, "aria-selected": String(n === 0), onmousedown: (event) => { event.preventDefault(); choose(i); } },
        swatch(NODES[i].kind), h("span", { class: "grow" }, NODES[i].name, alias && alias !== NODES[i].name ? h("span", { class: "soft small" }, `（${alias}）`) : null), h("span", { class: "soft small" }, NODES[i].scope !== undefined ? NODES[NODES[i].scope].name : label(kindOf(i))));
    }), hits.length ? [] : h("li", { role: "option", "aria-selected": "false", "aria-disabled": "true", class: "soft" }, t("none")));
  }
  return h("div", { class: "finder" }, input, list);
}
