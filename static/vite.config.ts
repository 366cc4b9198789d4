import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    outDir: "dist",
    assetsInlineLimit: 0, // the pages are served under a strict Content-Security-Policy
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { session: "session.html", home: "home.html", receipt: "receipt.html", dashboard: "dashboard.html" },
    },
  },
});
