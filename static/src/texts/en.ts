/** Every word on a party's page, in English. Plain sentences; nobody is accused of anything. */

import type { Role } from "../protocol";

export const en = {
  title: "Your session",
  language: "Language",
  role: { client: "client", expert: "expert" } satisfies Record<Role, string>,
  with: (name: string) => `With ${name}`,
  minutes: (count: number) => (count === 1 ? "1 minute" : `${count} minutes`),
  close: "Close",
  back: "Back",

  checkin: {
    when: (day: string, from: string, to: string, zone: string) => `${day}, ${from} to ${to}, ${zone}`,
    devices: "Camera, sound and connection",
    preview: "Your camera, as in a mirror",
    asking: "Starting your camera … If your browser asks, choose “Allow”.",
    cameraOff: "Camera off",
    turnOn: "Turn on",
    turnOff: "Turn off",
    tryAgain: "Try again",
    camera: "Camera",
    microphone: "Microphone",
    speaker: "Speaker",
    level: "Microphone level",
    speak: "Say something: the bar should move.",
    hears: "We can hear you.",
    silent: "We can’t hear anything. Is the right microphone chosen, and is it switched on?",
    mutedOutside: "Your microphone is muted, by a switch on it or in your system. Turn it on there.",
    mark: { ok: "Works:", attention: "Needs a look:" },
    fellBack: (gone: string, instead: string) => `“${gone}” was disconnected. We are using “${instead}” now.`,
    gone: {
      camera: (gone: string) => `“${gone}” was disconnected, and there is no other camera. You can join by audio.`,
      microphone: (gone: string) => `“${gone}” was disconnected, and there is no other microphone.`,
      speaker: (gone: string) => `“${gone}” was disconnected, and your browser names no other speaker.`,
    },
    testSpeaker: "Play a sound",
    heard: "Did you hear it?",
    yes: "Yes",
    no: "No",
    heardWell: "Your speaker works.",
    notHeard: "Turn the volume up, or choose another speaker, and play it again.",
    help: {
      camera: {
        denied_by_browser: "Your browser keeps the camera from this page.",
        dismissed: "Your browser asked whether this page may use the camera. Press “Try again” and choose “Allow”.",
        denied_by_system: "Your system keeps the camera from your browser.",
        missing: "No camera was found. If you plug one in, this page notices.",
        busy: "Your camera does not start. Another program or tab may be using it: close that one, then press “Try again”.",
      },
      microphone: {
        denied_by_browser: "Your browser keeps the microphone from this page.",
        dismissed: "Your browser asked whether this page may use the microphone. Press “Try again” and choose “Allow”.",
        denied_by_system: "Your system keeps the microphone from your browser.",
        missing: "No microphone was found. If you plug one in, this page notices.",
        busy: "Your microphone does not start. Another program or tab may be using it: close that one, then press “Try again”.",
      },
    },
    sameWay: "It is allowed in the same place.",
    /** Where it is allowed. `what` is "Camera" or "Microphone", as the settings name it. */
    ways: {
      browser: {
        chromium: "Click the sign at the left end of the address bar and allow it there. This page goes on by itself.",
        firefox:
          "Click the crossed-out sign beside the address, take the block away with ×, then press “Try again” and choose “Allow”.",
        safari: "In the menu Safari › Settings for this website, choose “Allow”, then press “Try again”.",
        safariPhone: "Tap the sign in the address bar, then Website settings, and allow it. Then tap “Try again”.",
        phone: "Tap the sign beside the address, then Permissions, and allow it. Then tap “Try again”.",
        other: "Open the settings for this site, beside the address, and allow it. Then press “Try again”.",
      },
      system: {
        windows: (what: string) =>
          `Open Settings › Privacy & security › ${what} and switch on access for apps and for your browser. Then press “Try again”.`,
        mac: (what: string) =>
          `Open System Settings › Privacy & Security › ${what} and switch your browser on. It may have to be started again.`,
        linux: (what: string) =>
          `If your browser came as a Flatpak or Snap, allow it there: ${what}. Then press “Try again”.`,
        android: (what: string) =>
          `Open Settings › Apps › your browser › Permissions and allow: ${what}. Then tap “Try again”.`,
        ios: (what: string) =>
          `Open the Settings app, choose your browser and switch on: ${what}. Then tap “Try again”.`,
        other: (what: string) => `Allow it in your system’s privacy settings: ${what}. Then press “Try again”.`,
      },
    },
    without: {
      camera: "You can join by audio all the same.",
      microphone: "You can join all the same, see and hear the other person, and write.",
    },
    network: {
      name: "Connection",
      test: "Test",
      again: "Test again",
      idle: "How well your network carries a call. It takes about ten seconds.",
      running: "Testing your connection, about ten seconds …",
      untested: (code: string) =>
        ({
          tests_full: "Many people are testing just now. Try again in a moment.",
          too_many_requests: "You have tested often enough for now. Try again in a minute.",
          stopped: "The test was stopped.",
          offline: "This page is not connected at the moment. Try again when it is.",
        })[code] ?? "The test could not be done just now. You can join all the same.",
      level: {
        good: "Your connection is good.",
        fair: "Your connection will do.",
        weak: "Your connection is weak.",
        none: "No call gets through on this network.",
      },
      because: {
        delay: () => "What you say arrives late. A cable, or a place nearer to your router, often helps.",
        loss: () => "Part of what is sent does not arrive. A cable, or a place nearer to your router, often helps.",
        slow: () => "There is little room for a picture. Close downloads and videos, or join by audio.",
        detour: () =>
          "It lets a call through by a detour only (TCP), so picture and sound may stutter. Another network, or your phone’s, may do better.",
        no_way: (port: number | null) =>
          `Try another network, or your phone’s, or switch off a VPN. Who looks after this network has to allow UDP or TCP${port ? ` to port ${port}` : ""}. You can still try to join.`,
      },
      figures: "Figures",
      roundTrip: "There and back",
      missing: "Did not arrive",
      room: "Carries",
      way: "Way",
      ms: (value: number) => `${value} ms`,
      percent: (value: number) => `${value} %`,
      mbit: (value: string, perhapsMore: boolean) => (perhapsMore ? `${value} Mbit/s or more` : `${value} Mbit/s`),
    },
    allGood: "Everything works.",
    ahead: "You can close this page. The same link opens it again when it is time.",
    theirTime: (name: string, from: string, to: string, zone: string) =>
      `For ${name} that is ${from} to ${to}, ${zone}.`,
    guidelines: "How we meet here",
    rules: [
      "Be on time. Nobody should have to wait for a session that they booked.",
      "Be polite and fair. No swearing, no shouting, no talking down.",
      "The call ends by itself at the booked end. Only the client may end it earlier; if the expert leaves early, the client may ask back the remaining time.",
      "No misleading or harmful advice, and nothing that the law of the client’s country forbids.",
      "Do not record, by any means, note-taking programs included, without the other’s written consent. This service does not record; a device in the room can.",
    ],
    accept: "I will keep to this, and I promise not to record.",
    accepted: "You have accepted how we meet here.",
    decline: "I don’t accept",
    declined: "You did not accept, so you cannot join. You can change your mind at any time.",
    join: "Join",
    acceptFirst: "To join, please accept how we meet here.",
    more: "Devices and connection",
    joinAudio: "Join by audio",
    joinPlain: "Join without camera and microphone",
    joining: "Joining …",
    opensIn: "Doors open in",
    opensAt: (time: string) => `You can join from ${time} on.`,
    startsIn: "Starts in",
    startedAgo: "Started",
    steppedOut: (end: string) => `You stepped out. You can come back until ${end}.`,
    elsewhere: "You are in this session on another device. Joining here moves it to this one.",
    late: "I’m running late, by about",
    lateBy: (minutes: number) => `${minutes} min`,
    lateSent: (minutes: number, name: string) => `${name} can see that you are running about ${minutes} minutes late.`,
    lateFailed: "That could not be sent. Please try again.",
    calendar: "Add to calendar",
  },

  refusal: (code: string) =>
    ({
      too_early: "The doors are not open yet.",
      guidelines_needed: "Please accept how we meet here first.",
      session_over: "This session is over.",
      party_sanctioned:
        "You cannot join sessions at present. Open the link of an earlier session: there you can read why, and object.",
      not_started: "Before the booked start there is nothing to end; you can step out.",
      offline: "The connection is interrupted. Please try again.",
    })[code] ?? "That did not work. Please try again.",

  waiting: {
    heading: "Waiting room",
    status: {
      not_here: (name: string) => `${name} is not here yet`,
      checking: (name: string) => `${name} is checking devices`,
      here: (name: string) => `${name} is here`,
      away: (name: string) => `${name} is away for a moment`,
    },
    runningLate: (name: string, minutes: number) => `${name} is running about ${minutes} minutes late.`,
    startsIn: "Starts in",
    running: "Time left",
    early: "If you are both here early you may talk already. The booked time begins at the start.",
    leaveAt: (time: string, name: string) => `If ${name} is not here by ${time}, you can leave freely.`,
    leaveAtClient: (time: string, name: string, fee: string) =>
      `If ${name} is not here by ${time}, you can leave freely, and the whole fee, ${fee}, is asked back for you.`,
    leaveNow: "You can leave now. It does not count against you.",
    leaveNowClient: (fee: string) =>
      `You can leave now. It does not count against you, and the whole fee, ${fee}, is asked back for you.`,
    comeBack: (end: string) => `You can step out and come back at any time until ${end}.`,
    booked: (from: string, to: string, zone: string) => `${from} to ${to}, ${zone}`,
    arrived: (name: string) => `${name} is here!`,
    punctual: "Known for being on time",
  },

  call: {
    timeLeft: "Time left",
    startsIn: "Starts in",
    you: "You",
    connecting: "Connecting …",
    cameraOff: (name: string) => `${name}’s camera is off`,
    otherMuted: (name: string) => `${name} is muted`,
    mute: "Mic",
    camera: "Camera",
    share: "Share",
    chat: "Chat",
    unread: (count: number) => `Chat (${count})`,
    devices: "Devices",
    more: "More",
    leave: "Leave",
    warning: (minutes: number, seconds: number) =>
      minutes > 0 ? (minutes === 1 ? "1 minute left" : `${minutes} minutes left`) : `${seconds} seconds left`,
    reconnecting: "One moment, the connection is being restored …",
    offline: "Reconnecting to the service …",
    tapToHear: "Tap to hear",
    chatEmpty: "What you write here goes straight to the other person and is kept nowhere.",
    chatLabel: "Write a message",
    chatSend: "Send",
    chatClosed: "Chat opens when you are connected.",
    me: "You",
    reactions: "React",
    reactionNames: {
      thumbs: "Thumbs up",
      heart: "Heart",
      clap: "Applause",
      laugh: "Laughing",
      surprise: "Surprised",
      hand: "Raised hand",
    },
    reacted: (name: string, what: string) => `${name}: ${what}`,
    pip: "Picture in picture",
    fullScreen: "Full screen",
    /** What a button does, and the key for it. */
    shortcut: (label: string, key: string) => `${label} (${key})`,
    shortcuts: "One key for each button, while you are not typing",
    markHelp:
      "A mark with your name moves over the other’s picture, and one with theirs over yours. It says who was looking; it does not keep a device in the room from recording.",
    deviceChanged: {
      microphone: (label: string) => `Your microphone was disconnected. You are using another: ${label}.`,
      camera: (label: string) => `Your camera was disconnected. You are using another: ${label}.`,
      speaker: (label: string) => `Your speaker was disconnected. You are using another: ${label}.`,
    },
    deviceGone: {
      microphone: "Your microphone was disconnected, and there is no other. You can still listen and write.",
      camera: "Your camera was disconnected, and there is no other. You can still talk.",
      speaker: "Your speaker was disconnected. You hear the call by the usual one of this device.",
    },
  },

  own: {
    show: "Show your own picture",
    hide: "Hide your own picture",
    move: "Move your own picture",
    moveHelp: (corner: string) =>
      `Move your own picture, now ${corner}: by the arrow keys, or press for the next corner`,
    corner: {
      "top left": "top left",
      "top right": "top right",
      "bottom left": "bottom left",
      "bottom right": "bottom right",
    },
  },

  quality: {
    mine: "Your connection",
    of: (name: string) => `${name}’s connection`,
    level: { good: "good", fair: "fair", poor: "weak", none: "interrupted" },
    why: {
      loss: "some sound and picture does not arrive",
      delay: "it takes long to arrive",
      bandwidth: "there is little room for the picture",
      no_media: "nothing arrives at present",
    },
    say: (whose: string, level: string) => `${whose}: ${level}`,
    sayWhy: (whose: string, level: string, why: string) => `${whose}: ${level}, ${why}`,
    weak: (whose: string, why: string) => `${whose} is weak: ${why}.`,
  },

  safety: {
    heading: "Safety code",
    button: "Safety code, not compared yet",
    checked: "Checked: you both see the same code",
  },

  held: {
    heading: "The connection was interrupted",
    both: (end: string) => `You can both come back until ${end}.`,
    leaveAtClient: (time: string) => `From ${time} you can leave and ask for the missed time.`,
    leaveAt: (time: string) => `From ${time} you can leave freely.`,
    leaveNowClient: "You can leave now and ask for the missed time, or wait a little longer.",
    leaveNow: "You can leave now, or wait a little longer.",
    self: "You are being brought back into the session …",
  },

  leave: {
    heading: "Do you want to leave?",
    stepOut: "Step out",
    stepOutHelp: (end: string) => `You can come back until ${end}.`,
    stepOutOther: (time: string) => `From ${time} the other person may leave.`,
    end: "End the session",
    endHelp:
      "The session ends for both of you now. For the time that is left our rules give no refund here; your rights by law remain.",
    endCause: "It could not be held because …",
    causeNone: "No particular reason",
    causes: {
      no_media: "we could not hear or see each other",
      not_the_person: "it was not the person I booked",
      conduct: "of how I was treated",
      other: "of something else",
    },
    causeHelp: "Somebody will look at what happened and decide about the fee.",
    early: "Leave early",
    earlyHelp: (amount: string) => `The client may ask back ${amount}.`,
    earlyHelpFree: "The session ends for both of you now.",
    earlyConfirmHeading: "Leave early now?",
    earlyConfirmText: "The session ends for both of you. For the remaining time the client may ask back:",
    earlyConfirmFree: "The session ends for both of you.",
    earlyConfirm: "Yes, leave early",
    freely: "Leave",
    freelyHelp: "You are alone here and may leave. It does not count against you.",
    stay: "Stay",
    report: "Leave and report",
    reportHelp: "If you do not feel safe, or something went badly wrong. It ends the session at once.",
  },

  form: {
    optional: "optional",
    offline: "The connection is interrupted. What you wrote is still here; please try again.",
    failed: "That did not work. What you wrote is still here; please try again.",
    busy: "That was a little fast. Please wait a moment and try again.",
  },

  report: {
    heading: "Leave and report",
    what: "What is it about?",
    /** The kinds, each in plain words. */
    kinds: {
      conduct: { name: "How I was treated", help: "insults, swearing, shouting, misleading talk" },
      deception: {
        name: "Misleading or unlawful advice",
        help: "being deceived, being asked for something illegal, advice that is meant to harm",
      },
      privacy: { name: "Recording without written consent", help: "by any means, note-taking programs included" },
      other: { name: "Something else", help: "or you would rather not say now" },
    },
    text: "What happened?",
    next: (name: string) =>
      `The session ends for both of you at once. ${name} is told that you left, not more. Somebody on our team looks at your report, and the fee waits until then.`,
    told: (name: string) =>
      `Later ${name} can read the kind of the report and your text. We do not give your name; what you write may show who you are.`,
    send: "Leave and report",
    offline:
      "The connection is interrupted, so this has not reached us yet. Try again, or close this page: then you are out of the call, and you can report later with the same link.",
  },

  consent: {
    heading: "Consent to record",
    about:
      "This service does not record. If one of you wants to record with a device of their own, the other has to agree in writing first.",
    ask: "Ask for written consent to record",
    scope: "What do you want to record?",
    scopeHelp: "For example: the sound only, or the shared screen.",
    purpose: "What for?",
    purposeHelp: "For example: to listen again when practising.",
    send: "Ask",
    scopeMissing: "Please say what you want to record.",
    purposeMissing: "Please say what for.",
    asked: (name: string) => `You asked ${name}. Please do not record before there is an answer.`,
    takeBack: "Take it back",
    asks: (name: string) => `${name} asks for your written consent to record`,
    what: "What",
    purposeShort: "What for",
    freely:
      "You are free to refuse, and you can withdraw your consent whenever you like. This service itself does not record.",
    name: "If you agree, type your full name",
    nameMissing: "Please type your name: that is what makes it a written consent.",
    give: "I consent",
    refuse: "Refuse",
    later: "Later",
    answer: "Answer",
    gone: "The text is not kept any more.",
    standsMine: "You may record",
    standsOther: (name: string) => `${name} may record`,
    details: "Details",
    given: (name: string, at: string) => `Given in writing by “${name}”, ${at}.`,
    withdraw: "Withdraw consent",
    stop: "Give it up",
    refused: (name: string) => `${name} did not agree. Please do not record.`,
    withdrawnMine: "The consent was withdrawn. Please stop recording now.",
    withdrawnTheirs: (name: string) => `The consent was withdrawn, and ${name} has been told to stop recording.`,
    /** By the server's code. */
    problem: (code: string) =>
      ({
        already_asked: "You have asked already; please wait for the answer.",
        already_given: "You have this consent already.",
        asked_too_often: "You have asked often enough in this session.",
        already_answered: "This was answered already.",
        not_in_session: "You can ask while you are in the session together.",
        session_over: "The session is over.",
        nothing_to_withdraw: "There is no consent to withdraw.",
      })[code] ?? null,
  },

  replaced: {
    heading: "Open on another device",
    detail: "You are in this session on another device or in another tab. This page stays quiet.",
    takeOver: "Take it back here",
  },

  error: {
    no_link: {
      heading: "This link is incomplete",
      detail: "Please open the link from your invitation again. It works as often as you like.",
    },
    bad_link: {
      heading: "This link does not open a session",
      detail: "It may have been replaced by a newer one. Please look for the newest invitation.",
    },
    offline: { heading: "We cannot reach the service", detail: "Please check your connection." },
    wrong_protocol: { heading: "There is a newer version of this page", detail: "Please load it again." },
    again: "Try again",
  },

  ended: {
    plain: { heading: "This session is over", detail: "" },
    calendarFailed: "The calendar entry could not be loaded.",
    unloaded: "The rest of this page could not be loaded.",
  },
};
