/** The shop's page: the form and its booking, the embed and what it says, and the events that the shop's server heard. */

const PRICE = { ines: 150, tomasz: 120 };
const STATES = {
  scheduled: "Booked.",
  waiting: "One side is in the waiting room.",
  live: "In session.",
  held: "One side is away for a moment.",
  ended: "Over.",
  cancelled: "Cancelled.",
};
const at = (id) => document.getElementById(id);
const [, booking] = /^\/bookings\/([\w-]+)$/.exec(location.pathname) ?? [];
const role = new URLSearchParams(location.search).get("as") === "expert" ? "expert" : "client";

if (booking) showBooking();
else showShop();
listen();

function showShop() {
  const form = at("form");
  at("shop").hidden = false;
  const price = () => {
    const cents = PRICE[form.elements.expert.value] * Number(form.elements.minutes.value);
    const euros = (cents / 100).toLocaleString("en", { style: "currency", currency: "EUR" });
    at("book").textContent = `Book for ${euros}`;
  };
  form.addEventListener("change", price);
  price();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    at("book").disabled = true;
    const { expert, name, in_minutes, minutes } = Object.fromEntries(new FormData(form));
    const wanted = { expert, name, in_minutes: Number(in_minutes), minutes: Number(minutes) };
    const answer = await fetch("/bookings", { method: "POST", body: JSON.stringify(wanted) }).catch(() => null);
    at("book").disabled = false;
    if (answer?.ok) location.assign(`/bookings/${(await answer.json()).id}`);
    else at("problem").textContent = (await answer?.text()) || "The shop did not answer. Please try again.";
  });
}

async function showBooking() {
  at("booking").hidden = false;
  const answer = await fetch(`/bookings/${booking}/${role}`);
  if (!answer.ok) {
    at("heading").textContent = "No such booking";
    at("state").textContent = await answer.text();
    return;
  }
  const { src, token, me, other, craft } = await answer.json();
  document.title = `${other} · Workbench`;
  at("heading").textContent = `${craft}’s time, with ${other}`;
  at("who").textContent = `You are ${me}`;
  at("other").textContent = `Open as ${other}`;
  at("other").href = `?as=${role === "client" ? "expert" : "client"}`;

  const session = document.createElement("headstrt-session");
  session.src = src;
  session.token = token; // a property: no attribute, no address
  session.title = `Video session with ${other}`;
  const words = {
    ready: () => "The page is up",
    precheck: ({ status }) => ({ asking: "Asking for camera and microphone", ok: "Devices work", trouble: "A device does not work" })[status],
    join: () => "You are in",
    waiting: () => "You are waiting",
    leave: () => "You are out, and can come back",
    "peer-join": () => `${other} is in`,
    "peer-leave": () => `${other} is out`,
    warning: ({ seconds }) => `${seconds >= 60 ? `${seconds / 60} min` : `${seconds} s`} left`,
    reconnecting: ({ active }) => (active ? "The connection is interrupted" : "The connection is back"),
    ended: ({ reason }) => `Over: ${reason.replaceAll("_", " ")}`,
    rated: () => "You left a rating",
    error: ({ code }) => `Trouble: ${code.replaceAll("_", " ")}`,
  };
  for (const [name, say] of Object.entries(words)) {
    session.addEventListener(name, ({ detail }) => row("said", name, say(detail ?? {}), new Date()));
  }
  session.addEventListener("join", () => session.scrollIntoView({ block: "nearest" }));
  at("seat").append(session);
}

function listen() {
  const source = new EventSource("/events");
  source.onopen = () => at("heard").replaceChildren(); // it begins at the beginning
  source.onmessage = ({ data }) => {
    const { type, at: when, session, status, end, refund } = JSON.parse(data);
    if (booking && session !== booking) return;
    const said = [
      booking ? null : session,
      end ? `over: ${end.replaceAll("_", " ")}` : status,
      refund && refund !== "none" && `refund ${refund}`,
    ];
    row("heard", type, said.filter(Boolean).join(", "), new Date(when));
    if (booking && status) at("state").textContent = STATES[status] ?? status;
  };
}

/** One line more, the newest first. */
function row(list, name, detail, when) {
  const line = document.createElement("li");
  for (const [tag, text] of [["time", when.toLocaleTimeString()], ["code", name], ["span", detail]]) {
    const part = document.createElement(tag);
    part.textContent = text;
    line.append(part);
  }
  at(list).prepend(line);
}
