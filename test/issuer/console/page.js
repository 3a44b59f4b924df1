
// The issuer, and the page as a whole

let state = null; // the last state that the issuer has sent
let changes = 0;  // how often the page has begun or ended a change of state

function el(id) {
  return document.getElementById(id);
}

function make(name, text, className) {
  const node = document.createElement(name);
  node.textContent = text;
  if (className) node.className = className;
  return node;
}

// announce tells screen readers what a click has changed elsewhere on the page.
function announce(text) {
  el("announcement").textContent = text;
}

// ask sends a request to one of the issuer's endpoints and returns its JSON. It throws an
// Error if the answer is an error; field is the field of the form that it is about.
async function ask(path, body) {
  const request = body === undefined ? {}
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(path, request);
  } catch (error) {
    el("gone").hidden = false;
    throw error;
  }
  el("gone").hidden = true;
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error_description), { field: answer.field });
  return answer;
}

function showState() {
  el("issuer").textContent = state.issuer;
  el("no-api").hidden = state.api_url !== "";
  for (const part of ["request", "again", "answer", "curl-block"]) el(part).hidden = state.api_url === "";
  el("health").textContent = { "": "Healthy", outage: "Outage" }[state.fault] ?? "JWK Set endpoint broken";
  el("health").className = "badge " + (state.fault === "" ? "good" : "bad");
  el("outage").ariaPressed = String(state.fault === "outage");
  el("endpoint-fault").value = state.fault;
  el("fetches").textContent = state.jwks_fetches;
  el("keys").replaceChildren(...state.keys.map(key => {
    const item = document.createElement("li");
    const kid = make("code", key.kid.length > 10 ? key.kid.slice(0, 8) + "…" : key.kid);
    kid.title = key.kid;
    const role = key.signing ? make("span", "signs", "badge good") : make("span", "old", "badge");
    item.append(kid, make("span", key.alg, "quiet"), role);
    item.dataset.kid = key.kid;
    return item;
  }));
}

async function change(path, body, said) {
  changes++;
  el("control-error").hidden = true;
  try {
    state = await ask(path, body);
    changes++;
    showState();
    showExpectation();
    announce(said);
  } catch (error) {
    el("control-error").hidden = false;
    el("control-error").textContent = `Nothing changed: ${error.message}`;
  }
}

// refresh shows the current state, such as the number of key fetches. An answer from
// before a change is ignored.
async function refresh() {
  const before = changes;
  try {
    const fresh = await ask("/console/state");
    if (changes !== before) return;
    const routesChanged = JSON.stringify(fresh.routes) !== JSON.stringify(state.routes);
    state = fresh;
    showState();
    if (!routesChanged) return;
    offerRoutes();
    requestChanged();
    await newToken("The routes have changed.");
  } catch {
    // ask has shown the notice.
  }
}

function copyFrom(button, text) {
  el(button).addEventListener("click", async () => {
    const label = el(button).textContent;
    try {
      await navigator.clipboard.writeText(text());
      el(button).textContent = "Copied";
      announce("Copied.");
    } catch {
      el(button).textContent = "Not allowed";
      announce("The browser does not allow this page to copy. Select the text instead.");
    }
    setTimeout(() => { el(button).textContent = label; }, 1500);
  });
}

function listen() {
  el("route").addEventListener("change", chooseRoute);
  for (const field of ["method", "path", "body"]) el(field).addEventListener("input", requestChanged);
  el("kind").addEventListener("change", chooseKind);
  el("form").addEventListener("change", event => { if (!el("request").contains(event.target)) newToken(); });
  el("form").addEventListener("submit", event => {
    event.preventDefault();
    if (!pathIsReady() || busy) return;
    newToken();
    if (state.api_url) callAPI();
  });
  el("again").addEventListener("click", () => { if (pathIsReady()) callAPI(); });
  el("rotate").addEventListener("click", () => {
    const said = "There is a new signing key. The old one is still published.";
    minting = change("/console/rotate", {}, said).then(() => newToken(said)); // so that a call waits for the new key
  });
  el("retire").addEventListener("click", () => change("/console/retire-old-keys", {}, "Only the signing key is published."));
  el("outage").addEventListener("click", () => {
    const down = state.fault !== "outage";
    change("/console/fault", { fault: down ? "outage" : "" }, down ? "The issuer is down." : "The issuer is up.");
  });
  el("endpoint-fault").addEventListener("change", event => {
    change("/console/fault", { fault: event.target.value }, "The JWK Set endpoint has changed.");
  });
  copyFrom("copy-token", () => token.text);
  copyFrom("copy-curl", () => el("curl").textContent);
  copyFrom("copy-token-curl", () => el("token-curl").textContent);
}

async function start() {
  state = await ask("/console/state");
  fillForm();
  showState();
  offerRoutes();
  el("token-curl").textContent = [
    `curl -s ${quoted(state.token_url)}`,
    "  -d grant_type=client_credentials",
    `  --data-urlencode client_id=${quoted(state.client_id)}`,
    `  --data-urlencode client_secret=${quoted(state.client_secret)}`,
    `  --data-urlencode audience=${quoted(state.audience)}`,
    `  --data-urlencode scope=${quoted(state.scopes.join(" "))}`,
  ].join(" \\\n");
  listen();
  if (state.routes.length > 0) {
    el("route").value = "0";
    chooseRoute();
  } else {
    requestChanged();
  }
  await newToken();
  setInterval(() => { if (!document.hidden) refresh(); }, 2000);
}

start();
