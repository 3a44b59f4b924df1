// A minimal Lambda Runtime API client (AWS: "Using the Lambda runtime API"), like AWS's
// own runtime for Node.js but without streaming, tracing and log formats. The handler is
// in index.mjs of the function's folder.
import http from "node:http";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const request = http.request({ agent, host, port, method, headers, path: "/2018-06-01/runtime/" + path }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece) => (text += piece));
      response.on("end", () => resolve({ headers: response.headers, text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

const { handler } = await import(pathToFileURL(process.env.LAMBDA_TASK_ROOT + "/index.mjs"));
for (;;) {
  const next = await call("GET", "invocation/next");
  const id = next.headers["lambda-runtime-aws-request-id"];
  try {
    const answer = await handler(JSON.parse(next.text));
    await call("POST", `invocation/${id}/response`, JSON.stringify(answer));
  } catch (error) {
    const failure = { errorType: error.name, errorMessage: error.message, trace: [] };
    await call("POST", `invocation/${id}/error`, JSON.stringify(failure));
  }
}
