import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/**
 * A page's first script fetches the words and then the page: its own script is to be under way by then, and its styles are
 * to be there when it draws.
 */
const PAGE: Plugin = {
  name: "page-ahead",
  transformIndexHtml: {
    order: "post",
    handler(_html, { bundle, chunk }) {
      const page = chunk?.dynamicImports.map((file) => bundle?.[file]).find((each) => each?.name === "main");
      if (!bundle || !chunk || page?.type !== "chunk") return [];
      const there = new Set([chunk.fileName, ...chunk.imports]); // which Vite has written down already
      const ahead = [...page.imports, page.fileName].filter((file) => !there.has(file));
      const styles = ahead.flatMap((file) => [...(bundle[file]?.viteMetadata?.importedCss ?? [])]);
      const link = (rel: string, file: string) =>
        ({ tag: "link", injectTo: "head", attrs: { rel, crossorigin: true, href: `/${file}` } }) as const;
      return [...ahead.map((file) => link("modulepreload", file)), ...styles.map((file) => link("stylesheet", file))];
    },
  },
};

export default defineConfig({
  base: "/",
  plugins: [PAGE],
  build: {
    target: "es2022",
    outDir: "dist",
    manifest: true, // for the table of sizes
    assetsInlineLimit: 0, // the pages are served under a strict Content-Security-Policy
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { session: "session.html", home: "home.html", receipt: "receipt.html", dashboard: "dashboard.html" },
    },
  },
  test: { setupFiles: "test/setup.ts", css: true }, // style sheets are read, not left out
});
