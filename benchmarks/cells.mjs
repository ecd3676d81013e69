// What an answer costs the page that looks around in a scene, by the scene's size: `node benchmarks/cells.mjs`.
//
// An answer marks its square, counts what is done and looks for the next cell. The baseline counts and looks by walking over all
// cells and all answers anew, as the page did before. Both answer the same cells; milliseconds an answer, mean of the last hundred.
import { cpus } from "node:os";
import { performance } from "node:perf_hooks";
import { Cells } from "../static/js/tagging/cells.js";

const SIZE_PX = 300;
const ANSWERED = 2000;

function factsOf(sidePx) {
  const count = Math.ceil(sidePx / SIZE_PX);
  const starts = Array.from({ length: count }, (_, index) => Math.floor((index * (sidePx - SIZE_PX)) / (count - 1)));
  const bits = new Uint8Array(Math.ceil((count * count) / 8)).fill(255);
  return { size_px: SIZE_PX, xs: starts, ys: starts, asked: Buffer.from(bits).toString("base64") };
}

function timed(steps, step) {
  const times = [];
  for (let index = 0; index < steps; index += 1) {
    const begun = performance.now();
    step(index);
    times.push(performance.now() - begun);
  }
  const last = times.slice(-100);
  return last.reduce((sum, time) => sum + time, 0) / last.length;
}

/** Every cell is held against every answer, twice: for the count, and for the next one. */
function baseline(facts, answered) {
  const cells = facts.ys.flatMap((y) => facts.xs.map((x) => ({ x, y })));
  const isCovered = ({ x, y }) => answered.some((other) => (
    x + SIZE_PX / 2 >= other.x && x + SIZE_PX / 2 < other.x + SIZE_PX && y + SIZE_PX / 2 >= other.y && y + SIZE_PX / 2 < other.y + SIZE_PX
  ));
  return cells.filter(isCovered).length + cells.findIndex((cell) => !isCovered(cell));
}

console.log(`${cpus()[0].model}, Node.js ${process.version}; ${ANSWERED} answers\n`);
console.log("| scene | cells | ms an answer | walking over all, ms | times |\n|---|---|---|---|---|");
for (const sidePx of [6_000, 30_000, 100_000]) {
  const facts = factsOf(sidePx);
  const cells = new Cells(facts);
  const answered = [];
  let square = cells.next();
  const ours = timed(Math.min(ANSWERED, facts.xs.length ** 2 - 1), () => {
    cells.mark(square);
    answered.push(square);
    square = cells.next(square);
    return cells.coverage.done;
  });
  const theirs = timed(3, () => baseline(facts, answered));
  const count = facts.xs.length ** 2;
  console.log(`| ${sidePx} px | ${count} | ${ours.toFixed(4)} | ${theirs.toFixed(1)} | ${Math.round(theirs / ours)} |`);
}
