// The Auth emulator of firebase-tools without its command line, which takes several times as long to
// start, opens two more ports and asks the network for updates.
"use strict";

const exegesis = require("exegesis-express");

// 80 operations' schemas are compiled when they are first used: 1 s until it answers, not 8.
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
