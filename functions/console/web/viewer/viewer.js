/** The viewer of the API's documentation, which the function `api` serves at /v1/docs. */
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const applyColors = () => document.documentElement.classList.toggle("dark-mode", prefersDark.matches);
applyColors();
prefersDark.addEventListener("change", applyColors);

SwaggerUI({
  dom_id: "#viewer",
  url: document.querySelector("#viewer").dataset.document,
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelRendering: "example",
  defaultModelsExpandDepth: 0,
  filter: true,
  persistAuthorization: false,
  // The document is not sent to a service that validates it.
  validatorUrl: null,
});
