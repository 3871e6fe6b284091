import { render } from "preact";
import { Shell } from "./shell.tsx";
import { startRouter } from "./router.tsx";

startRouter();
render(<Shell />, document.getElementById("app") as HTMLElement);
