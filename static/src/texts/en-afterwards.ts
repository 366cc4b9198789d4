/** Every word of what comes after a session, in English: ratings, reports, restrictions. Calm, and nobody is accused. */

import type { Report, Sanction } from "../protocol";
import type { Tag } from "../tags";

export const enAfterwards = {
  rating: {
    heading: (name: string) => `How was it with ${name}?`,
    stars: "Your rating",
    star: (count: number) =>
      ({
        1: "1 star: not good at all",
        2: "2 stars: not so good",
        3: "3 stars: all right",
        4: "4 stars: good",
        5: "5 stars: very good",
      })[count] ?? "",
    none: "Not chosen yet",
    missing: "Please choose between one and five stars.",
    tags: "What stood out?",
    tag: {
      helpful: "helpful",
      clear: "clear",
      prepared: "well prepared",
      kind: "kind",
      unclear: "hard to follow",
      unprepared: "not prepared",
      unkind: "not kind",
      technical_trouble: "technical trouble",
    } satisfies Record<Tag, string>,
    text: "Would you like to add something?",
    closed: (name: string, until: string) =>
      `It stays closed until both of you have rated, or until ${until}. Then ${name} can read it, and answer once.`,
    send: "Send the rating",
    sent: "Thank you. Your rating is kept.",
    mine: (name: string) => `Your rating of ${name}`,
    answered: (name: string) => `${name} answered:`,
    open: (name: string) => `${name} can read it now.`,
    theirs: (name: string) => `${name} rated the session with you`,
    theirsLater: (name: string, until: string) =>
      `If ${name} rates you, you can read it here when both of you have rated, or from ${until} on.`,
    answer: "Your answer",
    answerHelp: (name: string) => `You can answer once. ${name} can read it.`,
    answerMissing: "Please write an answer.",
    answerSend: "Send the answer",
    answerSent: "Your answer is kept.",
    answerMine: "You answered:",
    over: "The time for rating is over.",
  },

  report: {
    heading: "Report a problem",
    open: "Report something",
    about: (name: string) => `Somebody on our team reads it. It is about ${name}, in this session.`,
    missing: "Please choose what it is about.",
    text: "What happened?",
    told: (name: string, from: string) =>
      `${name} can read the kind of the report and your text from ${from} on, or as soon as both of you have rated. We do not give your name; what you write may show who you are.`,
    toldLater: (name: string) =>
      `Later ${name} can read the kind of the report and your text. We do not give your name; what you write may show who you are.`,
    send: "Send the report",
    sent: (ticket: string) => `We have your report. Its number is ${ticket}.`,
    ticket: (ticket: string) => `Report ${ticket}`,
    filed: (at: string) => `Sent ${at}`,
    status: {
      filed: "We have it. What becomes of it will stand here.",
      upheld: "We looked at it and found a breach of our rules.",
      dismissed: "We looked at it and found no breach.",
    } satisfies Record<Report["status"], string>,
    why: "Why:",
    gone: "The text is not kept any more.",
    noText: "Without a text.",
  },

  said: {
    heading: "What was said about you",
    about:
      "We do not give a name. Whoever wrote it may be plain from what it says; please do not write to them about it.",
    status: {
      filed: "Nobody has decided about it yet.",
      upheld: "We looked at it and found a breach of our rules.",
      dismissed: "We looked at it and found no breach.",
    } satisfies Record<Report["status"], string>,
  },

  claim: {
    heading: "Could the session not be held?",
    open: "Say so",
    about:
      "Somebody will look at what happened, with what this service saw of the connection, and decide about the fee.",
    what: "It could not be held because",
    missing: "Please choose why.",
    text: "What happened?",
    send: "Ask to look at it",
    sent: "We have it. Somebody will look at what happened.",
  },

  dispute: {
    heading: "You do not agree?",
    open: "Ask for a second look",
    about: "You can ask once. Say what was not seen; your rights by law remain whatever comes of it.",
    text: "What should be looked at again?",
    send: "Ask for a second look",
    sent: "We have it. You will hear about it.",
  },

  contest: {
    heading: "Your attendance",
    late: (span: string) => `It is on record that you joined ${span} after the start.`,
    absent: "It is on record that you did not join.",
    open: "That is not right",
    about: "You can say so once. Somebody will look at it; until then the record counts as it stands.",
    text: "What happened?",
    missing: "Please say what happened.",
    send: "Send it",
    sent: "We have it. Somebody will look at it.",
    contested: "You said that this is not right. Somebody will look at it.",
    excused: "Somebody looked at it: this session does not count.",
  },

  consents: {
    heading: "Consent to record",
    asked: (name: string) => `${name} asked`,
    askedByMe: "You asked",
    status: {
      asked: "There was no answer.",
      refused: "It was refused.",
      withdrawn: "It was withdrawn.",
    },
    stands: "Given in writing, and not withdrawn:",
  },

  restriction: {
    heading: "A restriction on your account",
    past: "An earlier restriction",
    /** What it comes to, by measure and role. */
    now: {
      hold: (role: string) =>
        `At present there are no new bookings for you as ${role}. What is booked already can take place.`,
      suspension: (role: string, until: string) => `You cannot be booked as ${role} until ${until}.`,
      permanent: (role: string) => `You cannot be booked as ${role} any more.`,
    } satisfies Record<Sanction["measure"], unknown>,
    roles: { client: "a client", expert: "an expert", both: "a client or an expert" },
    over: (until: string) => `It ended ${until}.`,
    lifted: (at: string) => `It was lifted ${at}.`,
    since: (at: string) => `Since ${at}`,
    reasons: "Why",
    facts: {
      conduct:
        "Several different people, each from a session in which you met, reported how they were treated or spoken to.",
      deception:
        "Several different people, each from a session in which you met, reported misleading, harmful or unlawful advice.",
      privacy:
        "Several different people, each from a session in which you met, reported recording without written consent.",
      operator: "Our team decided this on what was shown to it.",
    } satisfies Record<Sanction["basis"], string>,
    rule: {
      hold: "When enough different people report the same kind of thing, new bookings wait until somebody on our team has looked at it.",
      suspension:
        "When enough different people report how they were treated, bookings stop: the first time for a while, a second time for good.",
      permanent: {
        conduct:
          "When enough different people report how they were treated, bookings stop: the first time for a while, a second time for good.",
        deception: "When enough different people report this, bookings stop for good.",
        privacy: "When enough different people report this, bookings stop for good.",
      },
      operator: "Our rules let our team restrict an account at once where it is shown that the law was broken.",
    },
    sessions: "The sessions it stands on:",
    law: (country: string) => `It rests on the law of ${country}.`,
    words: "What our team wrote:",
    remains: "Your records, refunds and reports stay open to you.",
    unfounded: "If enough of the reports turn out to be unfounded, it is lifted at once.",
    appeal: {
      open: "Object to this",
      about: (until: string) =>
        `You can object once, until ${until}. Somebody on our team reads it and answers here, with reasons.`,
      text: "Why should it be lifted?",
      missing: "Please say why it should be lifted.",
      send: "Send the objection",
      sent: "We have your objection. The answer will stand here.",
      pending: "You objected. Somebody on our team reads it; the answer will stand here.",
      granted: "We looked at it again: you were right, and the restriction is lifted.",
      refused: "We looked at it again, and it stays.",
    },
  },

  /** By the server's code, where it says more than that it did not work. */
  problem: (code: string) =>
    ({
      already_rated: "You have rated this session already.",
      rating_closed: "The time for rating is over.",
      already_answered: "You have answered already.",
      already_complained: "You have reported this already; it is in the list here.",
      complaint_expired: "The time for reporting this is over.",
      already_claimed: "You have said this already; somebody will look at it.",
      refund_expired: "The time for this is over. Your rights by law remain.",
      refund_not_possible: "This cannot be asked any more. Your rights by law remain.",
      already_disputed: "You have asked for a second look already.",
      dispute_expired: "The time for a second look is over. Your rights by law remain.",
      rating_voided: "This rating was taken out; there is nothing to answer.",
      already_contested: "You have said this already; somebody will look at it.",
      already_excused: "This session does not count any more; there is nothing to say against it.",
      already_appealed: "You have objected already.",
      appeal_expired: "The time for objecting is over.",
      sanction_over: "The restriction is lifted already.",
    })[code] ?? null,
};
