import { render } from "preact";
import { Shell } from "./shell.tsx";
import { listen } from "./router.tsx";

listen();
render(<Shell />, document.getElementById("app") as HTMLElement);
