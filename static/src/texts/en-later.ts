/** Every word of what is read when the call is over, and on the other pages, in English. */

import type { EndTexts } from "./ends";

const ends: EndTexts = {
  completed: {
    nobody: {
      client: () => ({
        heading: "Your time together is complete",
        detail: "The call ended at the booked end.",
      }),
      expert: () => ({
        heading: "Your time together is complete",
        detail: "The call ended at the booked end.",
      }),
    },
  },
  hung_up: {
    client: {
      client: () => ({ heading: "You ended the session", detail: "You ended it before the booked end." }),
      expert: (other) => ({
        heading: `${other} ended the session`,
        detail: "Clients may end a session when they like.",
      }),
    },
    expert: {
      client: (other) => ({
        heading: `${other} left early`,
        detail: "The session ended before the booked end.",
      }),
      expert: () => ({
        heading: "You left early",
        detail: "The session ended before the booked end.",
      }),
    },
  },
  lost: {
    client: {
      client: () => ({
        heading: "Your connection did not come back",
        detail: "The session ended while your connection was interrupted.",
      }),
      expert: (other) => ({
        heading: `${other}’s connection did not come back`,
        detail: "The session ended while the other connection was interrupted.",
      }),
    },
    expert: {
      client: (other) => ({
        heading: `${other}’s connection did not come back`,
        detail: "The session ended before the booked end.",
      }),
      expert: () => ({
        heading: "Your connection did not come back",
        detail: "The session ended before the booked end.",
      }),
    },
  },
  left_page: {
    client: {
      client: () => ({
        heading: "You did not come back to the session",
        detail: "Your page was closed before the end.",
      }),
      expert: (other) => ({
        heading: `${other} did not come back`,
        detail: "The other page was closed before the end.",
      }),
    },
    expert: {
      client: (other) => ({
        heading: `${other} did not come back`,
        detail: "The session ended before the booked end.",
      }),
      expert: () => ({
        heading: "You did not come back to the session",
        detail: "The session ended before the booked end.",
      }),
    },
  },
  safety: {
    client: {
      client: () => ({ heading: "You left and reported", detail: "We received your report and will look at it." }),
      expert: (other) => ({ heading: `${other} left the session`, detail: "The session is over." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} left the session`, detail: "The session is over." }),
      expert: () => ({ heading: "You left and reported", detail: "We received your report and will look at it." }),
    },
  },
  no_show: {
    client: {
      client: () => ({ heading: "You did not join", detail: "The booked time passed before you joined." }),
      expert: (other) => ({ heading: `${other} did not join`, detail: "Thank you for being there." }),
    },
    expert: {
      client: (other) => ({
        heading: `${other} did not join`,
        detail: "Thank you for being there.",
      }),
      expert: () => ({ heading: "You did not join", detail: "The booked time passed before you joined." }),
    },
    both: {
      client: () => ({ heading: "This session did not take place", detail: "Nobody joined in the booked time." }),
      expert: () => ({ heading: "This session did not take place", detail: "Nobody joined in the booked time." }),
    },
  },
  never_met: {
    nobody: {
      client: (other) => ({
        heading: "You did not meet",
        detail: `You and ${other} were both here, but not at the same time. Somebody will look at what happened.`,
      }),
      expert: (other) => ({
        heading: "You did not meet",
        detail: `You and ${other} were both here, but not at the same time. Somebody will look at what happened.`,
      }),
    },
  },
  interrupted: {
    nobody: {
      client: () => ({
        heading: "The session was interrupted",
        detail: "The connection of this service failed, and the session could not go on.",
      }),
      expert: () => ({
        heading: "The session was interrupted",
        detail: "The connection of this service failed. It does not count against anybody.",
      }),
    },
  },
  ended_by_operator: {
    operator: {
      client: () => ({
        heading: "The session was ended by our team",
        detail: "Somebody will look at what comes next.",
      }),
      expert: () => ({
        heading: "The session was ended by our team",
        detail: "Somebody will look at what comes next.",
      }),
    },
  },
  removed: {
    client: {
      client: () => ({ heading: "Our team ended the session for you", detail: "You can write to us about it." }),
      expert: () => ({
        heading: "The session was ended by our team",
        detail: "Somebody will look at what comes next.",
      }),
    },
    expert: {
      client: () => ({
        heading: "The session was ended by our team",
        detail: "Somebody will look at what comes next.",
      }),
      expert: () => ({ heading: "Our team ended the session for you", detail: "You can write to us about it." }),
    },
  },
  cancelled: {
    client: {
      client: () => ({ heading: "You cancelled this session", detail: "The terms of your booking apply." }),
      expert: (other) => ({ heading: `${other} cancelled this session`, detail: "There is nothing for you to do." }),
    },
    expert: {
      client: (other) => ({
        heading: `${other} cancelled this session`,
        detail: "There is nothing for you to do.",
      }),
      expert: () => ({ heading: "You cancelled this session", detail: "The client has been told." }),
    },
    platform: {
      client: () => ({
        heading: "This session was cancelled",
        detail: "It cannot take place.",
      }),
      expert: () => ({ heading: "This session was cancelled", detail: "It cannot take place." }),
    },
    operator: {
      client: () => ({
        heading: "This session was cancelled by our team",
        detail: "There is nothing for you to do.",
      }),
      expert: () => ({ heading: "This session was cancelled by our team", detail: "There is nothing for you to do." }),
    },
  },
};

export const enLater = {
  safety: {
    about: (name: string) =>
      `Read this code to ${name}, or let ${name} read it to you. If both of you see the same, nobody stands between your two browsers.`,
    waiting: "The code is being made …",
    impossible: "There is no code for this connection. You can step out and join again to make a new one.",
    compare: "Compare the codes.",
    same: "They are the same",
    waitingFor: (name: string) => `You said that they are the same. ${name} has not yet.`,
    theyChecked: (name: string) => `${name} says that they are the same. Compare the codes.`,
    different: "They are different",
    differentHelp:
      "Say nothing that others must not hear. Leave, and join again with the link of your invitation; if the codes still differ, write to us.",
    limits: "Whoever joins anew, on another device say, brings a new code.",
    /** In the order of the pictures; short, for reading aloud. */
    names: [
      ...["dog", "cat", "lion", "horse", "elephant", "rabbit", "fish", "butterfly"],
      ...["sunflower", "tree", "mushroom", "moon", "star", "cloud", "fire", "rainbow"],
      ...["apple", "banana", "grapes", "carrot", "bread", "cake", "coffee", "balloon"],
      ...["bell", "key", "anchor", "bicycle", "train", "scissors", "umbrella", "guitar"],
    ],
  },

  ends,
  ended: {
    soon: { heading: "Time is up", detail: "Your summary is on its way …" },
    forCause: "You said that it could not be held. Somebody will look at what happened.",
    time: "Your time",
    booked: "Booked",
    client: "Client here",
    expert: "Expert here",
    mutual: "Heard and saw each other",
    arrived: (time: string) => `from ${time}`,
    fromTo: (from: string, to: string) => `${from} to ${to}`,
    /** The drawing, for whoever does not see it. */
    timeline: (client: string, expert: string) => `Client here: ${client}. Expert here: ${expert}.`,
    absent: "did not join",
    next: "Keep this link: everything here can be seen again with it.",
    receipt: "Your signed record",
  },

  next: {
    heading: "What comes next",
    until: (time: string, what: string) => `Until ${time}: ${what}`,
    what: {
      rate: (name: string) => `say how it was with ${name}`,
      refund: () => "ask back the time that was not delivered",
      appeal: () => "object to the restriction on your account",
    },
    calendar: "Add to calendar",
    link: "Open your session again with the link of your invitation.",
  },

  receipt: {
    title: "Signed record of a session",
    of: (name: string, role: string) => `For ${name} (${role})`,
    print: "Print or save as PDF",
    download: "Download the signed text",
    good: "This browser has checked the signature: it fits.",
    bad: "The signature of this record does not fit. Please load the page again, or write to us.",
    notYet: {
      heading: "There is no record yet",
      detail: "It is made when the session is over. Please come back then, with the same link.",
    },
    session: "The session",
    what: "Booked as",
    number: "Session",
    issuer: "Recorded by",
    booked: "Booked time",
    window: (from: string, to: string, zone: string) => `${from} to ${to}, ${zone}`,
    ended: "Ended",
    how: "How it ended",
    /** ``who``: the name of the side that the end names, if it names one. */
    ends: (reason: string, who: string, by: string | null) =>
      ({
        completed: "At the booked end",
        hung_up: `${who} ended it before the booked end`,
        lost: `The connection of ${who} did not come back`,
        left_page: `${who} did not come back`,
        safety: `${who} left the session`,
        no_show: by === "both" ? "Nobody joined in the booked time" : `${who} did not join`,
        never_met: "Both were there, but not at the same time",
        interrupted: "This service was interrupted",
        ended_by_operator: "An operator ended it",
        removed: `An operator took ${who} out of the session`,
        cancelled:
          by === "both"
            ? "Cancelled by agreement"
            : `Cancelled by ${who || (by === "operator" ? "an operator" : "the platform")}`,
      })[reason] ?? reason,
    there: "Who was there",
    joined: "Joined",
    after: (span: string) => `${span} after the start`,
    presence: "Was there for",
    away: "Was away",
    never: "not at all",
    fromTo: (from: string, to: string) => `${from} to ${to}`,
    money: "Time and money",
    fee: "Fee",
    noFee: "none",
    notDelivered: "Time not delivered",
    nothing: "none",
    factor: "Your factor for this session",
    pay: "Your fee with this factor",
    refund: "Refund",
    refunds: {
      none: "None by the platform’s rules; rights by law remain",
      eligible: "The client may ask back",
      requested: "Asked back",
      review: "Being looked at",
      approved: "Approved",
      declined: "Declined by the booking service",
      disputed: "Being looked at a second time",
      settled: "Paid back",
      expired: "Not asked for in time; rights by law remain",
    },
    consent: "Consent to record",
    asked: (name: string, at: string) =>
      `${name} asked in writing for consent to record with a device of their own, ${at}.`,
    consented: (status: string, given: string, closed: string) =>
      ({
        asked: "It was not answered.",
        given: `It was given in writing, ${given}, and not withdrawn.`,
        refused: `It was refused, ${closed}.`,
        withdrawn: given
          ? `It was given in writing, ${given}, and withdrawn, ${closed}.`
          : `The request was taken back, ${closed}.`,
      })[status] ?? "",
    small: "Details for checking",
    utc: (starts: string, ends: string, ended: string, decided: string) =>
      `In UTC: booked ${starts} to ${ends}, ended ${ended}, settled ${decided}.`,
    guidelines: (name: string, accepted: boolean, version: string, at: string) =>
      `${name} ${accepted ? "accepted" : "did not accept"} the guidelines in version ${version}, ${at}.`,
    revised: (at: string) => `Revised by an operator, ${at}.`,
    rules: (rules: string) => `Rules that had a say: ${rules}.`,
    terms: "Terms:",
    ledger: (seq: number) => `Made from the session’s log up to entry ${seq}:`,
    key: "Signed with the key:",
    checking: (issuer: string) =>
      `Everything above is in the signed text below. Anyone can check it with the public keys at ${issuer}/.well-known/jwks.json, with any program for JOSE (EdDSA).`,
    text: "The signed text",
    textHelp: "Keep this text or its file: the signature is in it, not in the paper.",
  },

  refund: {
    heading: "Money back",
    headingExpert: "The fee",
    status: {
      none: "Our rules give no refund here; your rights by law remain.",
      eligible: "You may ask back",
      requested: "Asked back. You will hear from your booking service.",
      review: "Somebody is looking at what happened. You will hear about the fee.",
      approved: "Approved. The money is on its way.",
      declined: "Your booking service declined. Its note is below.",
      disputed: "You asked for a second look. You will hear about it.",
      settled: "Paid back.",
      expired: "The time for asking has passed. Your rights by law remain.",
    },
    statusExpert: {
      none: "Nothing is asked back.",
      eligible: "The client may ask back the time that was not delivered, up to",
      requested: "The client asked back the time that was not delivered.",
      review: "Somebody is looking at what happened before the fee is settled.",
      approved: "The booking service approved a refund to the client.",
      declined: "The booking service declined a refund.",
      disputed: "The client asked for a second look.",
      settled: "A refund was paid to the client.",
      expired: "Nothing is asked back.",
    },
    upTo: "Up to",
    until: (time: string) => `until ${time}`,
    how: "How it was computed",
    part: (span: string, why: string) => `${span}: ${why}`,
    /** By the rule that a part stands on; the number itself stays out of sight. */
    why: (rule: string) =>
      ({
        "P3.4": "the time left when the expert left early",
        "P3.5": "interruptions longer than allowed for",
        "P3.6": "the time after the expert’s connection was gone",
        "P3.9": "the time that this service failed to deliver",
        "P3.10": "the whole session was not delivered",
      })[rule] ?? "time that was not delivered",
    sum: (time: string, booked: string, fee: string) =>
      `${time} of ${booked} booked, of a fee of ${fee}, rounded up for you.`,
    amount: "How much do you ask back?",
    less: "The whole, or less if you like.",
    bad: (max: string) => `Please write an amount up to ${max}.`,
    request: "Ask for it back",
    requested: "Asked for",
    approved: "Approved",
    failed: "That did not work. Please try again.",
  },

  home: {
    title: "Headstrt Sessions",
    heading: "One to one, for the booked time",
    intro: [
      "Here a client and an expert meet by video for the time they booked. The call ends by itself when the time is over.",
      "This service does not record, and it cannot see or hear you: what you say and show is encrypted between your two browsers.",
      "If time that was paid for is not delivered, the client can ask for it back, and both see how it was counted.",
    ],
    invited: "Do you have an invitation? Open the link in it: it leads to your session.",
    demo: "Try it",
    demoHelp: "Sample sessions. Open the two sides of one in two windows.",
  },
};
