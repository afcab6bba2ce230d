// Milliseconds until TCP or TLS stands, with Node's autoSelectFamily: connect.js HOST PORT TCP|TLS CA
const [host, port, transport, ca] = process.argv.slice(2);
const options = { host, port: Number(port), autoSelectFamily: true };
const start = performance.now();
const done = () => {
  console.log(performance.now() - start);
  process.exit(0);
};
if (transport === 'TLS') {
  options.ca = require('fs').readFileSync(ca);
  options.servername = host;
  require('tls').connect(options, done);
} else {
  require('net').connect(options, done);
}
