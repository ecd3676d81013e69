import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const ROOT = fileURLToPath(new URL("../../static/js", import.meta.url));
const IMPORT = /\b(?:import|from)\s*\(?\s*["'](\.[^"']+)["']/g;
const folderOf = (path) => relative(ROOT, path).split(sep)[0];
const files = readdirSync(ROOT, { recursive: true }).map((name) => join(ROOT, name)).filter((path) => path.endsWith(".js"));

test("a page imports from its own folder and from lib alone, and lib from no page", () => {
  const strangers = files.flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(IMPORT)]
      .filter(([, name]) => ![folderOf(path), "lib"].includes(folderOf(join(dirname(path), name))))
      .map(([, name]) => `${relative(ROOT, path)}: ${name}`),
  );
  assert.deepEqual(strangers, []);
  assert.ok(files.length > 20);
});
