
// The request and its token

let token = null;                // the token that is shown: { text, kind, name, note, refused, wanted, payload, error }
let minting = Promise.resolve(); // settles when it is the one that the form describes
const variables = {};            // the last value of each variable in a path

const bodiless = ["GET", "HEAD"]; // fetch sends no body with them

function path() {
  return "/" + el("path").value.trim().replace(/^\/+/, "");
}

function currentRequest() {
  const method = el("method").value;
  return { method, path: path(), body: bodiless.includes(method) ? "" : el("body").value, token };
}

function fillForm() {
  el("audience").value = state.audience;
  for (const { kind, refused } of state.kinds) el("kind").append(new Option(refused ? `${kind} (${refused})` : kind, kind));
  chooseKind();
  const lifetime = String(state.lifetime);
  if (![...el("lifetime").options].some(option => option.value === lifetime)) {
    el("lifetime").append(new Option(`${lifetime} seconds`, lifetime));
  }
  el("lifetime").value = lifetime;
  for (const algorithm of state.algorithms) el("algorithm").append(new Option(algorithm, algorithm));
  el("algorithm-field").hidden = state.algorithms.length < 2;
  el("claims").open = matchMedia("(min-width: 56rem)").matches;
}

// chooseKind fills what follows from the kind of token.
function chooseKind() {
  el("subject").value = chosenKind().subject;
}

function chosenKind() {
  return state.kinds.find(({ kind }) => kind === el("kind").value);
}

// offerRoutes fills the choices that follow from the routes, which may change: make run
// reads them again when the stack has changed.
function offerRoutes() {
  const scopes = new Set([...state.scopes, ...state.routes.flatMap(route => route.scopes)]);
  for (const scope of scopes) {
    if (document.querySelector(`[name=scope][value="${CSS.escape(scope)}"]`)) continue;
    const label = make("label", "", "choice");
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: "scope", value: scope, checked: true });
    label.append(box, make("code", scope));
    el("scope-choices").append(label);
  }
  el("route").replaceChildren(
    ...state.routes.map((route, n) => new Option(`${route.method} ${route.path}`, n)),
    new Option("Another request", ""));
  el("route-field").hidden = state.routes.length === 0;
}

function chooseRoute() {
  const route = state.routes[el("route").value];
  if (route) {
    el("method").value = route.method === "ANY" ? "GET" : route.method;
    el("path").value = route.path.replaceAll(/\{(.+?)\+?\}/g, (_, name) => variables[name] ?? "1");
  }
  requestChanged();
  if (!route) el("path").focus();
}

// requestChanged shows what follows from method, path and body.
function requestChanged() {
  const method = el("method").value;
  const route = routeOf(method, path());
  if (route) Object.assign(variables, variablesOf(route.path, path()));
  el("route").value = method === "OPTIONS" || !route ? "" : String(state.routes.indexOf(route));
  el("route-note").textContent = !route ? "The API has no such route."
    : method === "OPTIONS" ? "CORS preflight: no token is needed."
    : route.public ? "Public: anybody may call it."
    : route.scopes.length === 0 ? "Any verified caller may call it." : `Needs ${route.scopes.join(" and ")}.`;
  el("body-field").hidden = bodiless.includes(method);
  showError("path", "");
  showBodyNote();
  showExpectation();
}

// showBodyNote shows a note if the body is not JSON. It is sent nevertheless.
function showBodyNote() {
  const { body } = currentRequest();
  el("body-note").hidden = true;
  try {
    if (body !== "") JSON.parse(body);
  } catch (error) {
    el("body-note").hidden = false;
    el("body-note").textContent = `This is not JSON, and is sent as it is: ${error.message}`;
  }
}

// showExpectation shows what follows from the request and its token.
function showExpectation() {
  const request = currentRequest();
  el("expectation").textContent = "";
  if (state.api_url && token !== null && !token.error) {
    const { statuses, why } = expectation(request);
    el("expectation").textContent = `Expect ${statuses.join(" or ")}: ${why}.`;
  }
  showCurl(request);
  showStale(request);
}

// showError shows an error at its field, or removes it.
function showError(field, text) {
  const input = el(field === "scopes" ? "other-scopes" : field);
  const place = el(input && el(`${field}-error`) ? `${field}-error` : "form-error");
  place.hidden = text === "";
  place.textContent = text;
  input?.setAttribute("aria-invalid", String(text !== ""));
  if (text !== "" && el("claims").contains(place)) el("claims").open = true;
}

// pathIsReady reports whether the path can be sent. If not, it shows an error at the
// field.
function pathIsReady() {
  const text = el("path").value.trim();
  const problem = /^[a-z]+:\/\//i.test(text) ? "Only the path, such as /orders/1: the API's address is known."
    : text.includes("#") ? "A browser does not send what follows #. Write %23 for the character itself."
    : /[{}]/.test(text) ? `Replace ${text.match(/\{[^}]*\}?|\}/)[0]} with a value.` : "";
  showError("path", problem);
  if (problem) el("path").focus();
  return problem === "";
}

// newToken creates the token that the form describes. Of several concurrent calls, the
// last one counts.
function newToken(said = "") {
  const kind = el("fault").value;
  const name = el("fault").selectedOptions[0].text;
  const { note } = el("fault").selectedOptions[0].dataset;
  const { refused } = chosenKind();
  const wanted = {
    fault: kind,
    kind: el("kind").value,
    scopes: [
      ...[...document.querySelectorAll("[name=scope]:checked")].map(box => box.value),
      ...el("other-scopes").value.split(/\s+/).filter(Boolean),
    ],
    lifetime: Number(el("lifetime").value),
    audience: el("audience").value,
    subject: el("subject").value,
    algorithm: el("algorithm").value,
  };
  const made = kind === "no-token" ? Promise.resolve({ token: "" }) : ask("/console/token", wanted);
  const about = { kind, name, note, refused, wanted };
  const mine = made.then(
    answer => { if (minting === mine) showToken({ text: answer.token, ...about }, said); },
    error => { if (minting === mine) showToken({ text: "", error, ...about }, said); },
  );
  minting = mine;
  return mine;
}

function showToken(made, said) {
  token = made;
  const parts = made.text === "" ? [] : made.text.split(".");
  const header = decode(parts[0]);
  made.payload = decode(parts[1]);
  for (const field of ["fault", "kind", "scopes", "lifetime", "algorithm", "form"]) showError(field, "");
  if (made.error) showError(made.error.field ?? "form", `No token: ${made.error.message}`);
  el("token").replaceChildren(...parts.flatMap((part, n) =>
    [...(n > 0 ? ["."] : []), make("span", part, ["part-header", "part-payload"][n] ?? "part-signature")]));
  el("header").textContent = pretty(header);
  el("payload").textContent = pretty(made.payload);
  el("times").textContent = describeTimes(made.payload);
  el("copy-token").disabled = el("again").disabled = made.text === "";
  el("call").textContent = !state.api_url ? "Make a token"
    : made.kind === "no-token" ? "Call without a token" : "Make a token and call";
  showExpectation();
  const news = made.text ? `New token: ${made.name}.` : "No token.";
  announce(`${said} ${news} ${el("expectation").textContent}`);
}

function decode(part) {
  if (!part) return null;
  const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), char => char.charCodeAt(0));
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null; // encrypted
  }
}

function pretty(value) {
  return value === null ? "" : JSON.stringify(value, null, 2);
}

function describeTimes(payload) {
  if (!payload) return "";
  const say = (name, words) =>
    payload[name] === undefined ? [] : [`${words} ${new Date(payload[name] * 1000).toLocaleString()}`];
  return [...say("iat", "Issued"), ...say("nbf", "not valid before"), ...say("exp", "expires")].join(", ") + ".";
}

// quoted makes text one word of a POSIX shell.
function quoted(text) {
  return "'" + text.replaceAll("'", "'\\''") + "'";
}

function showCurl({ method, path, body }) {
  if (!state.api_url || token === null) return;
  const how = method === "HEAD" ? "-I" : method === "GET" ? "-i" : `-i -X ${method}`;
  el("curl").textContent = [
    `curl ${how} ${quoted(state.api_url + path)}`,
    ...(token.text ? [`-H ${quoted("Authorization: Bearer " + token.text)}`] : []),
    ...(body ? ["-H 'Content-Type: application/json'", `--data-raw ${quoted(body)}`] : []),
  ].join(" \\\n  ");
}
