import { defineConfig } from "vite";

/** `/embed/v1.js`: one file with nothing beside it, for other sites to load. Built after the pages. */
export default defineConfig({
  base: "/",
  publicDir: false,
  build: {
    target: "es2022",
    outDir: "dist/embed",
    emptyOutDir: true,
    lib: { entry: "src/embed/v1.ts", formats: ["es"], fileName: () => "v1.js" },
  },
});
