// The page's own words. The data's words (classes, predicates, names) come with the data.
const WORDS = {
  zh: {
    graph: "图谱", table: "事实表", paper: "文档", search: "按名称、别名或拼音查找", none: "没有匹配的名称", types: "实体类型", predicates: "关系",
    filters: "筛选", documents: "文档", only: "仅看", all: "全部显示", implied: "含推定的关系", implied1: "推定", confidence: "置信度", least: "最低置信度",
    from: "自", to: "至", partner: "伙伴单位", partnerOnly: "只看伙伴单位", close: "关闭", depth: "邻域", whole: "全图", near: "查看周围",
    aliases: "别名", owner: "所属", kind: "类型", mentions: "出现处", mentionCount: "{n} 处", facts: "事实", evidence: "原文依据", said: "{n} 条依据", subject: "主体",
    object: "客体", trigger: "触发词", relation: "关系", date: "日期", publisher: "发布人", document: "文档", extractor: "抽取方式", open: "在原文中查看", back: "返回图谱",
    path: "最短路径", pathFrom: "起点", pathTo: "终点", pathNone: "在当前筛选下，两者之间没有路径", pathHere: "从此出发找路径", swap: "对调", steps: "{n} 步",
    queries: "查询语句", copy: "复制", copied: "已复制", fit: "全景", larger: "放大", smaller: "缩小", physics: "动态布局", edgeLabels: "关系名", png: "存为 PNG", svg: "存为 SVG",
    theme: "深色", help: "帮助", lang: "EN", langLabel: "Switch to English", status: "{n} 个实体 · {f} 条关系", statusPart: "显示 {n}/{N} 个实体 · {f}/{F} 条关系",
    csv: "导出 CSV", filterRows: "在表中筛选", rows: "{n} 条事实", more: "再显示 {n} 条", count: "依据数", quote: "原文", yes: "是", no: "否", registry: "登记名", more1: "更多", 
    sigma: "由 WebGL（sigma.js）绘制", noWebgl: "这个浏览器没有 WebGL，较大的图谱画不出来；查找、事实表、文档与原文依据照常可用。图谱不超过 2000 个实体时不需要 WebGL（构建时可选 --renderer vis）。", attributes: "属性", isolated: "无关系", before: "主体见于前文：", objectAt: "客体见于他处：", noText: "语料较大，本页只收录了作为依据的句子。",
    keys: "键盘", kFind: "查找", kFit: "全景", kZoom: "放大、缩小", kPan: "平移", kNext: "下一个 / 上一个相邻实体", kViews: "图谱、事实表、文档", kClear: "取消选择", kLang: "切换语言", kTheme: "深色/浅色",
    legendHelp: "点击类型或关系可显示或隐藏；“仅看”只保留它。点击实体或连线查看原文依据。虚线为推定的关系，紫红色圆环为伙伴单位，线越粗依据越多。", network: "知识图谱。可用方向键平移，加减号缩放，N 选择相邻实体；全部事实另见事实表。", 
    namesIn: "文中实体 {n} 个", reset: "重置筛选", symmetric: "双向",
  },
  en: {
    graph: "Graph", table: "Facts", paper: "Documents", search: "Find by name, alias or pinyin", none: "No name matches", types: "Entity types", predicates: "Relations",
    filters: "Filters", documents: "Documents", only: "only", all: "show all", implied: "include implied relations", implied1: "implied", confidence: "Confidence", least: "Least confidence",
    from: "from", to: "to", partner: "Partner body", partnerOnly: "Partners only", close: "Close", depth: "Around", whole: "Whole graph", near: "Show around",
    aliases: "Aliases", owner: "Owner", kind: "Type", mentions: "Mentions", mentionCount: "{n}", facts: "Facts", evidence: "Who says so", said: "{n} statements", subject: "Subject",
    object: "Object", trigger: "Trigger", relation: "Relation", date: "Date", publisher: "Publisher", document: "Document", extractor: "Extractor", open: "Show in the document", back: "Back to the graph",
    path: "Shortest path", pathFrom: "From", pathTo: "To", pathNone: "No path between them under these filters", pathHere: "Path from here", swap: "Swap", steps: "{n} steps",
    queries: "Queries", copy: "Copy", copied: "Copied", fit: "Fit", larger: "Zoom in", smaller: "Zoom out", physics: "Physics", edgeLabels: "Relation names", png: "Save PNG", svg: "Save SVG",
    theme: "Dark", help: "Help", lang: "中文", langLabel: "切换为中文", status: "{n} entities · {f} relations", statusPart: "{n} of {N} entities · {f} of {F} relations shown",
    csv: "Export CSV", filterRows: "Filter the table", rows: "{n} facts", more: "Show {n} more", count: "Statements", quote: "Sentence", yes: "yes", no: "no", registry: "Registered as", more1: "More",
    sigma: "drawn with WebGL (sigma.js)", noWebgl: "This browser has no WebGL, so a large graph cannot be drawn; search, facts, documents and evidence work as usual. Up to 2,000 entities no WebGL is needed (kg build --renderer vis).", attributes: "Attributes", isolated: "no relation", before: "Subject stated before: ", objectAt: "Object stated elsewhere: ", noText: "The corpus is large: this page holds only the sentences that state facts.",
    keys: "Keyboard", kFind: "find", kFit: "fit", kZoom: "zoom", kPan: "pan", kNext: "next / previous neighbour", kViews: "graph, facts, documents", kClear: "clear the selection", kLang: "language", kTheme: "dark or light",
    legendHelp: "Click a type or relation to show or hide it; “only” keeps it alone. Click an entity or a line to read the sentences that state it. Dashed: implied. Magenta ring: partner body. Thicker: more statements.", network: "Knowledge graph. Arrow keys pan, plus and minus zoom, N selects a neighbour; all facts are in the facts table.",
    namesIn: "{n} entities in the text", reset: "Reset filters", symmetric: "both ways",
  },
};

function t(key, values = {}) {
  return WORDS[state.lang][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
