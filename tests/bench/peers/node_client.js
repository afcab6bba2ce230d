// Connects NAME PORT (tcp|tls) CA COUNT times with Node's defaults and prints the milliseconds of each; "-" after 3 s.
const fs = require("fs");
const net = require("net");
const tls = require("tls");

const [name, port, kind, ca, count] = process.argv.slice(2);

function once() {
  return new Promise((resolve) => {
    const start = performance.now();
    const options = { host: name, port: Number(port), servername: name };
    const socket =
      kind === "tls" ? tls.connect({ ...options, ca: fs.readFileSync(ca) }) : net.connect(options);
    const end = (text) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(() => end("-"), 3000);
    socket.once(kind === "tls" ? "secureConnect" : "connect", () => end((performance.now() - start).toFixed(2)));
    socket.on("error", () => end("-"));
  });
}

(async () => {
  for (let n = 0; n < Number(count); ++n) console.log(await once());
})();
