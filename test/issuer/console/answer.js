
// The answer

let answered = null;       // the request that was answered last
let busy = false;          // a call is under way
const maxShown = 200_000;  // characters of a body
const unreadable = "the browser does not let this page read the answer, because it has no CORS headers for it.";

async function callAPI() {
  if (busy) return; // disabling the button meanwhile would remove the focus from it
  busy = true;
  el("answer").ariaBusy = "true";
  const slow = setTimeout(() => { el("waiting").hidden = false; }, 300);
  try {
    await minting;
    if (!token.error) await send(currentRequest());
  } finally {
    clearTimeout(slow);
    el("waiting").hidden = true;
    el("answer").ariaBusy = "false";
    busy = false;
  }
}

async function send(request) {
  const expected = expectation(request);
  const before = state.explains ? (await ask("/console/explanation")).request : 0;
  const start = performance.now();
  const answer = { status: 0, text: "No answer", body: "", headers: [] };
  try {
    const response = await fetch(state.api_url + request.path, {
      method: request.method,
      headers: {
        ...(request.token.text ? { Authorization: `Bearer ${request.token.text}` } : {}),
        ...(request.body ? { "Content-Type": "application/json" } : {}),
      },
      body: request.body || undefined,
      cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(40000),
    });
    answer.body = await response.text();
    Object.assign(answer, { status: response.status, text: response.statusText, headers: [...response.headers] });
  } catch (error) {
    answer.hint = error.name === "TimeoutError" ? "The API did not answer in 40 s."
      : `Either there was no answer, or ${unreadable} curl shows which.`;
  }
  answer.milliseconds = Math.round(performance.now() - start);
  const log = state.explains ? await logged(before, request.method, answer.status) : undefined;
  if (answer.status === 0 && log) Object.assign(answer, hidden(request.method, log));
  answered = request;
  show(request, answer, expected, log);
  refresh();
}

// hidden says what the API has logged about an answer that the browser keeps from the
// page.
function hidden(method, log) {
  if (log.method === method) {
    return { status: log.status, text: "", hint: `${capital(unreadable)} curl shows it.` };
  }
  const asked = `The browser first asked whether it may send ${method} (${log.method}, CORS)`;
  return log.status < 400 ? { text: "Not sent", hint: `${asked}, and it may not. curl sends it.` }
    : { status: log.status, text: `to ${log.method}`, hint: `${asked}. curl sends ${method} at once.` };
}

// logged returns what the API has logged about a request, null if nothing. The log may be
// written after the answer. Without a status the browser shows no answer, or it has sent
// only the preflight.
async function logged(before, method, status) {
  for (let attempt = 0; attempt < 20; attempt++) {
    const log = await ask("/console/explanation");
    const mine = log.request > before &&
      (status === 0 ? log.method === method || attempt > 3 : log.method === method && log.status === status);
    if (mine && (log.decision !== "" || !log.asked || attempt === 19)) return log;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return null;
}

function show(request, answer, expected, log) {
  const { className, text } = verdict(expected, answer.status, log?.reason);
  el("verdict").className = `verdict ${className}`;
  el("verdict").textContent = text;
  el("expected").textContent = expected.statuses.join(" or ");
  el("expected-why").textContent = `${capital(expected.why)}.`;
  el("actual").replaceChildren(answer.status || "", " ", make("small", answer.text));
  const explained = log === undefined || answer.status === 0 ? {} : explain(log, answer.status);
  const { why = "", reason = "", hint = "" } = explained;
  el("actual-why").replaceChildren(why, ...(reason ? [make("code", reason)] : []));
  el("actual-hint").textContent = answer.hint || hint;
  el("answer-for").textContent =
    `${request.method} ${request.path} · token: ${request.token.name} · ${answer.milliseconds} ms`;
  el("response").hidden = answer.headers.length === 0;
  el("response-body").textContent = answer.body === "" ? "(empty)" : shortened(indented(answer.body));
  el("header-rows").replaceChildren(...answer.headers.map(([name, value]) => {
    const row = document.createElement("tr");
    const title = make("th", name);
    title.scope = "row";
    row.append(title, make("td", value));
    return row;
  }));
  el("answered").hidden = false;
  el("no-answer").hidden = true;
  showStale(currentRequest());
  const { top, bottom } = el("answer-for").getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) el("answer").scrollIntoView();
  announce(`${text}: ${el("actual").textContent}. ${why}${reason} ${answer.body.slice(0, 200)}`);
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

// showStale marks the answer when it is for another request or token than those shown.
function showStale(request) {
  const stale = answered !== null && Object.keys(request).some(part => request[part] !== answered[part]);
  if (stale && el("stale").hidden) announce("The answer shown is stale.");
  el("stale").hidden = !stale;
  el("answer").classList.toggle("stale", stale);
}

// indented lays out JSON without changing it: parsing would round large numbers.
function indented(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let depth = 0;
  const line = () => "\n" + "  ".repeat(depth);
  return text.replaceAll(/"(?:\\.|[^"\\])*"|[{[]\s*[}\]]|[{}[\],:]|\s+/g, part => {
    if (part === "{" || part === "[") return depth++, part + line();
    if (part === "}" || part === "]") return depth--, line() + part;
    if (part === ",") return part + line();
    if (part === ":") return ": ";
    return part[0] === '"' ? part : part.replaceAll(/\s/g, "");
  });
}

function shortened(text) {
  if (text.length <= maxShown) return text;
  return `${text.slice(0, maxShown)}\n… and ${text.length - maxShown} more characters: curl shows all`;
}
