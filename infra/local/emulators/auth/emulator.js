// The Auth emulator of firebase-tools without its command line, which starts much more slowly, opens
// two more ports and checks for updates over the network.
"use strict";

const exegesis = require("exegesis-express");

// Compiles the schemas of the 80 operations on first use: the server is ready after 1 s, not 8.
const eager = exegesis.middleware;
exegesis.middleware = (document, options) =>
  eager(document, { ...options, lazyCompileValidationSchemas: true });

const { createApp } = require("firebase-tools/lib/emulator/auth/server");

const [project, port] = process.argv.slice(2);

createApp(project).then((app) => {
  const server = app.listen(Number(port), "127.0.0.1");
  server.on("error", (error) => {
    console.error(error.message);
    process.exit(1);
  });
});
