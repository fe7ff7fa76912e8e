// Builds the what-if module for those who build the console without make; make builds it when its sources have changed.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const module = path("../src/core/whatif/preview.wasm");
if (!existsSync(module)) execFileSync(path("../../wasm/preview/build.sh"), [module], { stdio: "inherit" });
