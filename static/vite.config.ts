import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    outDir: "dist",
    assetsInlineLimit: 0, // the pages are served under a strict Content-Security-Policy
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { session: page("session.html"), home: page("home.html") } },
  },
});
