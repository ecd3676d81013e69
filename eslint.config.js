import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["static/dist/"] },
  js.configs.recommended,
  { rules: { eqeqeq: "error", "prefer-const": "error", "no-var": "error" } },
  {
    files: ["static/js/**/*.js"],
    languageOptions: {
      // The last four are Django's JavaScript catalogue, which base.html loads.
      globals: { ...globals.browser, gettext: "readonly", ngettext: "readonly", interpolate: "readonly", pgettext: "readonly" },
    },
  },
  { files: ["static/build.mjs", "tests/js/**/*.js", "eslint.config.js"], languageOptions: { globals: globals.node } },
];
