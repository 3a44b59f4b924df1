"use strict";

// What the API should answer

// routeOf returns the route that serves a request, as API Gateway finds it: first the
// path, where plain text comes before a variable, then the method, where its own comes
// before ANY. For OPTIONS it is any route with the path.
function routeOf(method, path) {
  const order = route => // a variable sorts behind every text, {name+} behind {name}
    route.path.replaceAll(/\{[^}]*\+\}/g, "\uffff\uffff").replaceAll(/\{[^}]*\}/g, "\uffff");
  const [found] = state.routes
    .filter(route => variablesOf(route.path, path))
    .sort((a, b) => order(a) < order(b) ? -1 : 1);
  const here = state.routes.filter(route => route.path === found?.path);
  return here.find(route => route.method === method) ??
    here.find(route => route.method === "ANY" || method === "OPTIONS");
}

// variablesOf returns the variables that a path has by the path of a route, such as
// /orders/{orderId}; null if it has another form.
function variablesOf(template, path) {
  const segments = path.split("?")[0].split("/");
  const variables = {};
  for (const [n, expected] of template.split("/").entries()) {
    const [, name, greedy] = expected.match(/^\{(.+?)(\+?)\}$/) ?? [];
    if (greedy && n < segments.length) segments.push(segments.splice(n).join("/"));
    if (name ? !segments[n] : segments[n] !== expected) return null;
    if (name) variables[name] = segments[n];
  }
  return segments.length === template.split("/").length ? variables : null;
}

// expectation returns the statuses with which the API should answer a request, and why.
// "2xx" is every success.
function expectation({ method, path, token: { kind, payload, note, refused, wanted } }) {
  const expect = (statuses, why) => ({ statuses, why });
  const route = routeOf(method, path);
  if (state.routes.length > 0 && !route) return expect(["403"], "the API has no such route");
  if (method === "OPTIONS") return expect(["2xx"], "browsers send it before a call (CORS), without a token");
  if (route?.public) return expect(["2xx"], "the route is public: no token is checked");
  if (kind === "unknown-key") return expect(["401", "503"], `${note}; 503 within 10 s after the API last looked for a key`);
  if (["wrong-key", "tampered"].includes(kind) && state.fault !== "") {
    return expect(["401", "503"], `${note}; 503 if the API does not have the key`);
  }
  if (kind !== "") return expect(["401"], note);
  if (refused) return expect(["401"], refused);
  if (wanted.audience !== state.audience) return expect(["401"], "its audience is another API");
  if (payload.sub === "") return expect(["401"], "its sub is empty");
  if (payload.exp * 1000 < Date.now()) return expect(["401", "2xx"], "it has expired, perhaps within the allowed clock skew");
  const missing = (route?.scopes ?? []).filter(scope => !wanted.scopes.includes(scope));
  if (missing.length > 0) return expect(["403"], `the token lacks ${missing.join(" and ")}`);
  if (state.fault !== "") return expect(["2xx", "503"], "503 if the API does not have the key");
  if (!route) return expect(["2xx", "403"], "403 if the token lacks a scope of the route");
  return expect(["2xx"], route.scopes.length > 0 ? "the token is good and has the scopes" : "the token is good");
}

const isSuccess = status => status >= 200 && status < 300;

// verdict compares an answer with what was expected. status is 0 if there is none.
function verdict({ statuses }, status, reason) {
  if (statuses.some(expected => expected === "2xx" ? isSuccess(status) : expected === String(status))) {
    return { className: "good", text: "✓ As expected" };
  }
  if (["kid_unproven", "jwks_unavailable"].includes(reason)) {
    return { className: "warn", text: "The token could not be checked just now" };
  }
  if (statuses.includes("2xx") && status >= 400 && status < 500 && ![401, 403, 429].includes(status)) {
    return { className: "warn", text: `The caller was let in, but the request got ${status}` };
  }
  if (status === 0) return { className: "warn", text: "No answer to compare" };
  return { className: "bad", text: "✗ Not as expected" };
}

// explain says in words what the API has logged about a request: why, the reason as it is
// logged, and a hint.
function explain(log, status) {
  if (log === null) return { why: "The API has logged nothing about this call." };
  const { decision, reason, hint, error } = log;
  if (decision === "refuse") return { why: "The authorizer refused the token: ", reason, hint };
  if (decision === "deny") return { why: "The authorizer denied the request: ", reason, hint };
  if (decision === "error") return { why: "The authorizer could not check the token: ", reason, hint: error };
  if (log.gateway) return { why: `The gateway itself has answered: ${log.gateway}.` };
  const who = decision ? "The authorizer allowed the token."
    : log.cached ? "The authorizer was not asked: the gateway's cache has its answer for this token."
    : "No authorizer was asked.";
  return { why: who, hint: isSuccess(status) ? "" : `The function answered ${status}.` };
}
