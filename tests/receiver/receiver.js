// SPDX-License-Identifier: ISC
// What cronherd's webhooks and pings are sent to in its tests: an HTTP server that verifies each request with the libraries that real
// receivers use, writes down what it saw, and then answers as it was told to, however badly.
//
//   NODE_PATH=.../node_modules node receiver.js RECORD CONTROL
//
// Prints "port N"; ends when its standard input does. A request's receiver is the first part of its path: /NAME/anything.
//
// CONTROL, a JSON file that is read again for each request: {NAME: {"answers": [ANSWER, …], "secrets": ["whsec_…", …], "clock_s": N}}.
// The first request to NAME gets the first answer, and so on; the last one stays. clock_s is added to the clock that signatures are
// judged by. An ANSWER: {"status", "headers", "body", "hold": FILE (not before it is there), "kind"}, where kind is one of
//   plain (default), hang, reset, cut, endless, trickle, garbage.
//
// RECORD gets one line of JSON before each answer, {"n", "at_ms", "name", "method", "path", "headers", "body", "body_base64", "answer", "signature",
// "event", "faults"}, and one, {"closed": N, "whole": true or false}, when the request N is over: so the order of the lines is
// the order of what happened.
"use strict";
const fs = require("fs");
const http = require("http");
const { HTTP } = require("cloudevents");
const { Webhook } = require("standardwebhooks");

const [record, control] = process.argv.slice(2);
const turns = new Map();
let count = 0;

function write(line) {
  fs.appendFileSync(record, JSON.stringify(line) + "\n");
}

// ---- verifying ------------------------------------------------------------------------------------------------

// For each of SECRETS: true, or why the library refused the request.
function verifySignature(headers, body, secrets, clock_s) {
  const clock = Date.now;
  Date.now = () => clock() + clock_s * 1000;
  try {
    return secrets.map((secret) => {
      try {
        new Webhook(secret).verify(body, headers, { jsonParse: false });
        return true;
      } catch (error) {
        return String(error.message || error);
      }
    });
  } finally {
    Date.now = clock;
  }
}

// The event as the library reads it, or why it refused; null where nothing says that it is one.
function verifyEvent(headers, text) {
  const isOne = /^application\/cloudevents/.test(headers["content-type"] || "") ||
    Object.keys(headers).some((name) => name.startsWith("ce-"));
  if (!isOne)
    return null;
  try {
    const event = HTTP.toEvent({ headers, body: text });
    event.validate();
    return { ok: true, read: event };
  } catch (error) {
    return { ok: false, error: String(error.message || error), details: error.errors };
  }
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

// The library invents what is missing, and takes some things that others do not: so look at what was really sent.
function attributeFaults(attributes) {
  const faults = [];
  const must = (holds, what) => holds || faults.push(what);
  for (const name of ["specversion", "id", "source", "type", "time", "timestamp"])
    must(typeof attributes[name] === "string" && attributes[name] !== "", `${name} is missing`);
  for (const [name, value] of Object.entries(attributes)) {
    must(/^[a-z0-9]{1,20}$/.test(name), `${name} is no name for an attribute`);
    must(typeof value === "string" && value !== "" && !/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/u.test(value),
      `${name} is no string, or has a control character in it`);
  }
  must(attributes.specversion === "1.0", "specversion is not 1.0");
  must(/^[!-~]+$/.test(attributes.source), "source is not ASCII");
  must(/^cronherd\.[a-zA-Z0-9_.]+$/.test(attributes.type), "type is not ours");
  must(TIME.test(attributes.time), "time is not as RFC 3339 has it");
  must(attributes.timestamp === attributes.time, "timestamp is not time");
  return faults;
}

function structuredFaults(headers, text) {
  const faults = [];
  let members;
  try {
    members = JSON.parse(text);
  } catch (error) {
    return [`no JSON: ${error.message}`];
  }
  if (headers["content-type"] !== "application/cloudevents+json")
    faults.push("the content type is not the bare one");
  if (typeof members.data !== "object" || members.data === null || Array.isArray(members.data))
    faults.push("data is no object");
  const { data, ...attributes } = members;
  return faults.concat(attributeFaults(attributes));
}

function binaryFaults(headers, text) {
  const faults = [];
  const attributes = {};
  try {
    JSON.parse(text);
    for (const [name, value] of Object.entries(headers))
      if (name.startsWith("ce-")) {
        if (!/^[!-~]+$/.test(value))
          faults.push(`${name} is not printable ASCII`);
        attributes[name.slice(3)] = decodeURIComponent(value);
      }
  } catch (error) {
    return [error.message];
  }
  if (headers["content-type"] !== "application/json")
    faults.push("the content type is not that of the data");
  if ("datacontenttype" in attributes)
    faults.push("ce-datacontenttype must not be there");
  return faults.concat(attributeFaults(attributes));
}

function signatureFaults(headers) {
  const faults = [];
  if (!/^[^.\s]+$/.test(headers["webhook-id"] || ""))
    faults.push("webhook-id is missing or has a dot");
  if (!/^[1-9]\d{9}$/.test(headers["webhook-timestamp"] || ""))
    faults.push("webhook-timestamp is not in seconds");
  if (!/^v1,[A-Za-z0-9+/]{43}=( v1,[A-Za-z0-9+/]{43}=)*$/.test(headers["webhook-signature"] || ""))
    faults.push("webhook-signature has another form");
  return faults;
}

// What is wrong with a request, in words.
function faultsOf(headers, body, event, secrets) {
  const faults = secrets.length ? signatureFaults(headers) : [];
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch (error) {
    return faults.concat("the body is not UTF-8");
  }
  if (body.length > 65536)
    faults.push("the body is longer than 64 KiB");
  if (event)
    faults.push(...(headers["content-type"].startsWith("application/cloudevents") ? structuredFaults : binaryFaults)(headers, text));
  return faults;
}

// ---- answering ------------------------------------------------------------------------------------------------

function drip(response, text, pause_ms) {
  const timer = setInterval(() => response.write(text), pause_ms);
  response.on("close", () => clearInterval(timer));
}

function flood(response) {
  const chunk = "x".repeat(16384);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
    response.once("drain", more);
  };
  more();
}

const kinds = {
  plain(response, answer) {
    response.writeHead(answer.status || 204, answer.headers);
    response.end(answer.body);
  },
  hang() {},
  reset(response) {
    response.socket.resetAndDestroy();
  },
  cut(response, answer) {
    response.writeHead(answer.status || 200, { "Content-Length": "1000", ...answer.headers });
    response.write(answer.body || "the beginning", () => response.socket.destroy());
  },
  endless(response, answer) {
    response.writeHead(answer.status || 200, answer.headers);
    flood(response);
  },
  trickle(response, answer) {
    response.writeHead(answer.status || 200, answer.headers);
    drip(response, ".", 50);
  },
  garbage(response, answer) {
    response.socket.end(answer.body || "\x00\x01SSH-2.0-no\r\n\r\n\xff");
  },
};

function answerWhenReady(response, answer) {
  if (response.destroyed)
    return;
  if (answer.hold && !fs.existsSync(answer.hold))
    setTimeout(answerWhenReady, 20, response, answer);
  else
    kinds[answer.kind || "plain"](response, answer);
}

function onRequest(request, body, response) {
  const name = request.url.split("/")[1].split("?")[0];
  const { answers = [{}], secrets = [], clock_s = 0 } = JSON.parse(fs.readFileSync(control, "utf8"))[name] || {};
  const turn = turns.get(name) || 0;
  const answer = Math.min(turn, answers.length - 1);
  turns.set(name, turn + 1);
  const text = body.toString();
  const event = verifyEvent(request.headers, text);
  const n = count++;
  write({
    n, at_ms: Date.now(), name, method: request.method, path: request.url, headers: request.headers, body: text,
    body_base64: body.toString("base64"), answer: answers[answer], event,
    signature: verifySignature(request.headers, body, secrets, clock_s),
    faults: faultsOf(request.headers, body, event, secrets),
  });
  response.on("close", () => write({ closed: n, whole: response.writableFinished }));
  response.on("error", () => {});
  answerWhenReady(response, answers[answer]);
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => onRequest(request, Buffer.concat(chunks), response));
  request.on("error", () => {});
});
server.on("clientError", (error, socket) => socket.destroy());
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
process.stdin.resume().on("end", () => process.exit(0));
