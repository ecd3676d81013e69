// Bundles every static/js/<page>/main.js into static/dist/<page>.js, with the CSS that it imports beside it.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const entryPoints = readdirSync(here("js"))
  .map((page) => ({ in: here(`js/${page}/main.js`), out: page }))
  .filter((entry) => existsSync(entry.in));

const options = {
  entryPoints,
  outdir: here("dist"),
  bundle: true,
  format: "esm",
  minify: true,
  sourcemap: true,
  target: "es2020",
  logLevel: "warning",
};

if (process.argv.includes("--watch")) {
  await (await context({ ...options, logLevel: "info" })).watch();
} else {
  rmSync(here("dist"), { recursive: true, force: true });
  await build(options);
}
