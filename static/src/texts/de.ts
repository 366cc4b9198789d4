/** Every word on a party's page, in German. The formal address, and words for both parties that suit anybody. */

import type { EndTexts } from "./ends";
import type { Texts } from "./shape";

const ended = "Die Sitzung endete vor dem gebuchten Ende.";
const nothingToDo = "Sie brauchen nichts zu tun.";
const whatNext = "Jemand sieht sich an, wie es weitergeht.";
const reported = "Ihre Meldung ist bei uns, und wir sehen sie uns an.";
const passed = "Die gebuchte Zeit verging, bevor Sie beigetreten sind.";

const ends: EndTexts = {
  completed: {
    nobody: {
      client: () => ({
        heading: "Ihre gemeinsame Zeit ist vollständig",
        detail: "Das Gespräch endete zur gebuchten Zeit.",
      }),
      expert: () => ({
        heading: "Ihre gemeinsame Zeit ist vollständig",
        detail: "Das Gespräch endete zur gebuchten Zeit.",
      }),
    },
  },
  hung_up: {
    client: {
      client: () => ({
        heading: "Sie haben die Sitzung beendet",
        detail: "Sie haben sie vor dem gebuchten Ende beendet.",
      }),
      expert: (other) => ({
        heading: `${other} hat die Sitzung beendet`,
        detail: "Wer bucht, darf eine Sitzung beenden, wann es passt.",
      }),
    },
    expert: {
      client: (other) => ({ heading: `${other} ist früher gegangen`, detail: ended }),
      expert: () => ({ heading: "Sie sind früher gegangen", detail: ended }),
    },
  },
  lost: {
    client: {
      client: () => ({
        heading: "Ihre Verbindung kam nicht zurück",
        detail: "Die Sitzung endete, während Ihre Verbindung unterbrochen war.",
      }),
      expert: (other) => ({
        heading: `Die Verbindung von ${other} kam nicht zurück`,
        detail: "Die Sitzung endete, während die andere Verbindung unterbrochen war.",
      }),
    },
    expert: {
      client: (other) => ({ heading: `Die Verbindung von ${other} kam nicht zurück`, detail: ended }),
      expert: () => ({ heading: "Ihre Verbindung kam nicht zurück", detail: ended }),
    },
  },
  left_page: {
    client: {
      client: () => ({
        heading: "Sie sind nicht in die Sitzung zurückgekommen",
        detail: "Ihre Seite wurde vor dem Ende geschlossen.",
      }),
      expert: (other) => ({
        heading: `${other} ist nicht zurückgekommen`,
        detail: "Die andere Seite wurde vor dem Ende geschlossen.",
      }),
    },
    expert: {
      client: (other) => ({ heading: `${other} ist nicht zurückgekommen`, detail: ended }),
      expert: () => ({ heading: "Sie sind nicht in die Sitzung zurückgekommen", detail: ended }),
    },
  },
  safety: {
    client: {
      client: () => ({ heading: "Sie sind gegangen und haben es gemeldet", detail: reported }),
      expert: (other) => ({ heading: `${other} hat die Sitzung verlassen`, detail: "Die Sitzung ist vorbei." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} hat die Sitzung verlassen`, detail: "Die Sitzung ist vorbei." }),
      expert: () => ({ heading: "Sie sind gegangen und haben es gemeldet", detail: reported }),
    },
  },
  no_show: {
    client: {
      client: () => ({ heading: "Sie haben nicht teilgenommen", detail: passed }),
      expert: (other) => ({ heading: `${other} hat nicht teilgenommen`, detail: "Danke, dass Sie da waren." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} hat nicht teilgenommen`, detail: "Danke, dass Sie da waren." }),
      expert: () => ({ heading: "Sie haben nicht teilgenommen", detail: passed }),
    },
    both: {
      client: () => ({
        heading: "Diese Sitzung hat nicht stattgefunden",
        detail: "In der gebuchten Zeit hat niemand teilgenommen.",
      }),
      expert: () => ({
        heading: "Diese Sitzung hat nicht stattgefunden",
        detail: "In der gebuchten Zeit hat niemand teilgenommen.",
      }),
    },
  },
  never_met: {
    nobody: {
      client: (other) => ({
        heading: "Sie sind sich nicht begegnet",
        detail: `Sie und ${other} waren beide da, aber nicht zur selben Zeit. Jemand sieht sich an, was geschehen ist.`,
      }),
      expert: (other) => ({
        heading: "Sie sind sich nicht begegnet",
        detail: `Sie und ${other} waren beide da, aber nicht zur selben Zeit. Jemand sieht sich an, was geschehen ist.`,
      }),
    },
  },
  interrupted: {
    nobody: {
      client: () => ({
        heading: "Die Sitzung wurde unterbrochen",
        detail: "Die Verbindung dieses Dienstes fiel aus, und die Sitzung konnte nicht weitergehen.",
      }),
      expert: () => ({
        heading: "Die Sitzung wurde unterbrochen",
        detail: "Die Verbindung dieses Dienstes fiel aus. Das wird niemandem angerechnet.",
      }),
    },
  },
  ended_by_operator: {
    operator: {
      client: () => ({ heading: "Unser Team hat die Sitzung beendet", detail: whatNext }),
      expert: () => ({ heading: "Unser Team hat die Sitzung beendet", detail: whatNext }),
    },
  },
  removed: {
    client: {
      client: () => ({
        heading: "Unser Team hat die Sitzung für Sie beendet",
        detail: "Sie können uns dazu schreiben.",
      }),
      expert: () => ({ heading: "Unser Team hat die Sitzung beendet", detail: whatNext }),
    },
    expert: {
      client: () => ({ heading: "Unser Team hat die Sitzung beendet", detail: whatNext }),
      expert: () => ({
        heading: "Unser Team hat die Sitzung für Sie beendet",
        detail: "Sie können uns dazu schreiben.",
      }),
    },
  },
  cancelled: {
    client: {
      client: () => ({
        heading: "Sie haben diese Sitzung abgesagt",
        detail: "Es gelten die Bedingungen Ihrer Buchung.",
      }),
      expert: (other) => ({ heading: `${other} hat diese Sitzung abgesagt`, detail: nothingToDo }),
    },
    expert: {
      client: (other) => ({ heading: `${other} hat diese Sitzung abgesagt`, detail: nothingToDo }),
      expert: () => ({ heading: "Sie haben diese Sitzung abgesagt", detail: "Die buchende Person weiß Bescheid." }),
    },
    platform: {
      client: () => ({ heading: "Diese Sitzung wurde abgesagt", detail: "Sie kann nicht stattfinden." }),
      expert: () => ({ heading: "Diese Sitzung wurde abgesagt", detail: "Sie kann nicht stattfinden." }),
    },
    operator: {
      client: () => ({ heading: "Unser Team hat diese Sitzung abgesagt", detail: nothingToDo }),
      expert: () => ({ heading: "Unser Team hat diese Sitzung abgesagt", detail: nothingToDo }),
    },
  },
};

export const de: Texts = {
  title: "Ihre Sitzung",
  language: "Sprache",
  role: { client: "buchende Person", expert: "Fachperson" },
  with: (name) => `Mit ${name}`,
  minutes: (count) => (count === 1 ? "1 Minute" : `${count} Minuten`),
  close: "Schließen",
  back: "Zurück",

  checkin: {
    when: (day, from, to, zone) => `${day}, ${from} bis ${to}, ${zone}`,
    devices: "Kamera und Mikrofon",
    preview: "Ihre Kamera, wie in einem Spiegel",
    asking: "Ihr Browser fragt nach der Erlaubnis …",
    cameraOff: "Kamera aus",
    turnOn: "Einschalten",
    turnOff: "Ausschalten",
    tryAgain: "Noch einmal",
    camera: "Kamera",
    microphone: "Mikrofon",
    speaker: "Lautsprecher",
    level: "Mikrofonpegel",
    silent: "Wir hören nichts. Ist das richtige Mikrofon gewählt, und ist es eingeschaltet?",
    testSpeaker: "Ton abspielen",
    heard: "Haben Sie ihn gehört?",
    yes: "Ja",
    no: "Nein",
    heardWell: "Ihr Lautsprecher funktioniert.",
    notHeard: "Stellen Sie lauter, oder wählen Sie einen anderen Lautsprecher, und spielen Sie den Ton noch einmal ab.",
    help: {
      camera: {
        denied_by_browser:
          "Ihr Browser gibt dieser Seite die Kamera nicht frei. Öffnen Sie die Einstellungen neben der Adresse und erlauben Sie sie.",
        denied_by_system:
          "Ihr System gibt dem Browser die Kamera nicht frei. Erlauben Sie sie in den Datenschutz-Einstellungen des Systems und versuchen Sie es noch einmal.",
        missing: "Es wurde keine Kamera gefunden. Schließen Sie eine an, oder nehmen Sie ohne teil.",
        busy: "Ihre Kamera startet nicht. Vielleicht benutzt sie ein anderes Programm; schließen Sie es und versuchen Sie es noch einmal.",
      },
      microphone: {
        denied_by_browser:
          "Ihr Browser gibt dieser Seite das Mikrofon nicht frei. Öffnen Sie die Einstellungen neben der Adresse und erlauben Sie es.",
        denied_by_system:
          "Ihr System gibt dem Browser das Mikrofon nicht frei. Erlauben Sie es in den Datenschutz-Einstellungen des Systems und versuchen Sie es noch einmal.",
        missing:
          "Es wurde kein Mikrofon gefunden. Schließen Sie eines an, oder nehmen Sie teil, um zuzuhören und zu schreiben.",
        busy: "Ihr Mikrofon startet nicht. Vielleicht benutzt es ein anderes Programm; schließen Sie es und versuchen Sie es noch einmal.",
      },
    },
    withoutDevices: "Sie können ohne Kamera teilnehmen, und sogar ohne Mikrofon.",
    guidelines: "Wie wir uns hier begegnen",
    rules: [
      "Seien Sie pünktlich. Niemand soll auf eine gebuchte Sitzung warten.",
      "Seien Sie höflich und fair. Kein Fluchen, kein Schreien, kein Herabsetzen.",
      "Das Gespräch endet zur gebuchten Zeit von selbst. Früher beenden kann es nur, wer gebucht hat; geht die Fachperson früher, kann die übrige Zeit zurückverlangt werden.",
      "Keine irreführenden oder schädlichen Ratschläge, und nichts, was das Recht im Land der buchenden Person verbietet.",
      "Nehmen Sie nichts auf, auf keine Weise, auch nicht mit Mitschreib-Programmen, ohne schriftliche Einwilligung der anderen Person. Dieser Dienst zeichnet nicht auf; ein Gerät im Raum kann es.",
    ],
    accept: "Daran halte ich mich, und ich verspreche, nichts aufzunehmen.",
    accepted: "Sie haben angenommen, wie wir uns hier begegnen.",
    decline: "Ich nehme das nicht an",
    declined:
      "Sie haben nicht angenommen und können deshalb nicht teilnehmen. Sie können es sich jederzeit anders überlegen.",
    join: "Teilnehmen",
    acceptFirst: "Um teilzunehmen, nehmen Sie bitte an, wie wir uns hier begegnen.",
    more: "Andere Geräte wählen",
    joinAudio: "Nur mit Ton teilnehmen",
    joinPlain: "Ohne Kamera und Mikrofon teilnehmen",
    joining: "Einen Moment …",
    opensIn: "Einlass in",
    opensAt: (time) => `Sie können ab ${time} teilnehmen.`,
    startsIn: "Beginnt in",
    startedAgo: "Begonnen",
    steppedOut: (end) => `Sie sind kurz hinausgegangen. Sie können bis ${end} zurückkommen.`,
    elsewhere: "Sie sind auf einem anderen Gerät in dieser Sitzung. Wenn Sie hier teilnehmen, zieht sie hierher um.",
    late: "Ich komme später",
    lateBy: (minutes) => `${minutes} Min.`,
    lateSent: (minutes) => `Wir haben ausgerichtet, dass Sie etwa ${minutes} Minuten später kommen.`,
    lateFailed: "Das ließ sich nicht senden. Bitte versuchen Sie es noch einmal.",
    calendar: "In den Kalender",
  },

  refusal: (code) =>
    ({
      too_early: "Der Einlass hat noch nicht begonnen.",
      guidelines_needed: "Bitte nehmen Sie zuerst an, wie wir uns hier begegnen.",
      session_over: "Diese Sitzung ist vorbei.",
      party_sanctioned:
        "Sie können zurzeit an keiner Sitzung teilnehmen. Öffnen Sie den Link einer früheren Sitzung: Dort lesen Sie, warum, und können widersprechen.",
      not_started: "Vor dem gebuchten Beginn gibt es nichts zu beenden; Sie können kurz hinausgehen.",
      offline: "Die Verbindung ist unterbrochen. Bitte versuchen Sie es noch einmal.",
    })[code] ?? "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.",

  waiting: {
    heading: "Warteraum",
    status: {
      not_here: (name) => `${name} ist noch nicht da`,
      checking: (name) => `${name} überprüft gerade die Geräte`,
      here: (name) => `${name} ist da`,
      away: (name) => `${name} ist einen Moment weg`,
    },
    runningLate: (name, minutes) => `${name} kommt etwa ${minutes} Minuten später.`,
    startsIn: "Beginnt in",
    running: "Verbleibende Zeit",
    early: "Sind Sie beide früher da, können Sie schon sprechen. Die gebuchte Zeit zählt ab dem Beginn.",
    leaveAt: (time, name) => `Ist ${name} bis ${time} nicht da, können Sie ohne Weiteres gehen.`,
    leaveAtClient: (time, name) =>
      `Ist ${name} bis ${time} nicht da, können Sie ohne Weiteres gehen, und das Honorar wird für Sie zurückverlangt.`,
    leaveNow: "Sie können jetzt gehen. Es wird Ihnen nicht angerechnet.",
    arrived: (name) => `${name} ist da!`,
    punctual: "Für Pünktlichkeit bekannt",
  },

  call: {
    timeLeft: "Verbleibende Zeit",
    startsIn: "Beginnt in",
    you: "Sie",
    connecting: "Wird verbunden …",
    cameraOff: (name) => `Die Kamera von ${name} ist aus`,
    otherMuted: (name) => `${name} ist stumm`,
    mute: "Mikro",
    camera: "Kamera",
    share: "Teilen",
    chat: "Chat",
    unread: (count) => `Chat (${count})`,
    devices: "Geräte",
    more: "Mehr",
    leave: "Gehen",
    warning: (minutes, seconds) =>
      minutes > 0 ? (minutes === 1 ? "noch 1 Minute" : `noch ${minutes} Minuten`) : `noch ${seconds} Sekunden`,
    reconnecting: "Einen Moment, die Verbindung wird wiederhergestellt …",
    offline: "Die Verbindung zum Dienst wird wiederhergestellt …",
    tapToHear: "Tippen, um zu hören",
    chatEmpty: "Was Sie hier schreiben, geht direkt zur anderen Person und wird nirgends aufbewahrt.",
    chatLabel: "Nachricht schreiben",
    chatSend: "Senden",
    chatClosed: "Der Chat öffnet sich, sobald Sie verbunden sind.",
    me: "Sie",
    reactions: "Reagieren",
    reactionNames: {
      thumbs: "Daumen hoch",
      heart: "Herz",
      clap: "Applaus",
      laugh: "Lachen",
      surprise: "Überrascht",
      hand: "Hand gehoben",
    },
    reacted: (name, what) => `${name}: ${what}`,
    pip: "Bild im Bild",
    fullScreen: "Vollbild",
    shortcut: (label, key) => `${label} (${key})`,
    shortcuts: "Eine Taste für jede Schaltfläche, solange Sie nicht schreiben",
    markHelp:
      "Über dem Bild der anderen Person wandert ein Zeichen mit Ihrem Namen, und über Ihrem eines mit ihrem. Es sagt, wer zugesehen hat; ein Gerät im Raum hält es nicht vom Aufnehmen ab.",
    deviceChanged: {
      microphone: (label) => `Ihr Mikrofon wurde getrennt. Sie verwenden ein anderes: ${label}.`,
      camera: (label) => `Ihre Kamera wurde getrennt. Sie verwenden eine andere: ${label}.`,
      speaker: (label) => `Ihr Lautsprecher wurde getrennt. Sie verwenden einen anderen: ${label}.`,
    },
    deviceGone: {
      microphone: "Ihr Mikrofon wurde getrennt, und es gibt kein anderes. Zuhören und schreiben können Sie weiterhin.",
      camera: "Ihre Kamera wurde getrennt, und es gibt keine andere. Sprechen können Sie weiterhin.",
      speaker: "Ihr Lautsprecher wurde getrennt. Sie hören das Gespräch über den üblichen dieses Geräts.",
    },
  },

  own: {
    show: "Eigenes Bild zeigen",
    hide: "Eigenes Bild verbergen",
    move: "Eigenes Bild verschieben",
    moveHelp: (corner) =>
      `Eigenes Bild verschieben, jetzt ${corner}: mit den Pfeiltasten, oder drücken für die nächste Ecke`,
    corner: {
      "top left": "oben links",
      "top right": "oben rechts",
      "bottom left": "unten links",
      "bottom right": "unten rechts",
    },
  },

  quality: {
    mine: "Ihre Verbindung",
    of: (name) => `Verbindung von ${name}`,
    level: { good: "gut", fair: "brauchbar", poor: "schwach", none: "unterbrochen" },
    why: {
      loss: "ein Teil von Ton und Bild kommt nicht an",
      delay: "alles kommt verzögert an",
      bandwidth: "für das Bild ist wenig Platz",
      no_media: "zurzeit kommt nichts an",
    },
    say: (whose, level) => `${whose}: ${level}`,
    sayWhy: (whose, level, why) => `${whose}: ${level}, ${why}`,
    weak: (whose, why) => `${whose} ist schwach: ${why}.`,
  },

  safety: {
    heading: "Sicherheitscode",
    button: "Sicherheitscode, noch nicht verglichen",
    checked: "Verglichen: Sie sehen beide denselben Code",
    about: (name) =>
      `Lesen Sie ${name} diesen Code vor, oder lassen Sie ihn sich von ${name} vorlesen. Sehen Sie beide dasselbe, steht niemand zwischen Ihren beiden Browsern.`,
    waiting: "Der Code entsteht gerade …",
    impossible:
      "Für diese Verbindung gibt es keinen Code. Gehen Sie kurz hinaus und nehmen Sie wieder teil, dann entsteht ein neuer.",
    compare: "Vergleichen Sie die Codes.",
    same: "Sie sind gleich",
    waitingFor: (name) => `Sie haben gesagt, dass sie gleich sind. ${name} noch nicht.`,
    theyChecked: (name) => `${name} sagt, dass sie gleich sind. Vergleichen Sie die Codes.`,
    different: "Sie sind verschieden",
    differentHelp:
      "Sagen Sie nichts, was andere nicht hören sollen. Gehen Sie, und nehmen Sie mit dem Link Ihrer Einladung wieder teil; sind die Codes dann noch verschieden, schreiben Sie uns.",
    limits: "Wer neu teilnimmt, etwa auf einem anderen Gerät, bringt einen neuen Code mit.",
    names: [
      ...["Hund", "Katze", "Löwe", "Pferd", "Elefant", "Hase", "Fisch", "Schmetterling"],
      ...["Sonnenblume", "Baum", "Pilz", "Mond", "Stern", "Wolke", "Feuer", "Regenbogen"],
      ...["Apfel", "Banane", "Trauben", "Karotte", "Brot", "Kuchen", "Kaffee", "Luftballon"],
      ...["Glocke", "Schlüssel", "Anker", "Fahrrad", "Zug", "Schere", "Regenschirm", "Gitarre"],
    ],
  },

  held: {
    heading: "Die Verbindung wurde unterbrochen",
    both: (end) => `Sie können beide bis ${end} zurückkommen.`,
    leaveAtClient: (time) => `Ab ${time} können Sie gehen und die fehlende Zeit zurückverlangen.`,
    leaveAt: (time) => `Ab ${time} können Sie ohne Weiteres gehen.`,
    leaveNowClient: "Sie können jetzt gehen und die fehlende Zeit zurückverlangen, oder noch etwas warten.",
    leaveNow: "Sie können jetzt gehen, oder noch etwas warten.",
    self: "Sie werden in die Sitzung zurückgebracht …",
  },

  leave: {
    heading: "Möchten Sie gehen?",
    stepOut: "Kurz hinausgehen",
    stepOutHelp: (end) => `Sie können bis ${end} zurückkommen.`,
    stepOutOther: (time) => `Ab ${time} darf die andere Person gehen.`,
    end: "Sitzung beenden",
    endHelp:
      "Die Sitzung endet jetzt für Sie beide. Für die übrige Zeit sehen unsere Regeln hier keine Erstattung vor; Ihre gesetzlichen Rechte bleiben bestehen.",
    endCause: "Sie konnte nicht stattfinden, weil …",
    causeNone: "Kein bestimmter Grund",
    causes: {
      no_media: "wir einander nicht hören oder sehen konnten",
      not_the_person: "es nicht die Person war, die ich gebucht habe",
      conduct: "ich nicht gut behandelt wurde",
      other: "etwas anderes war",
    },
    causeHelp: "Jemand sieht sich an, was geschehen ist, und entscheidet über das Honorar.",
    early: "Früher gehen",
    earlyHelp: (amount) => `Die buchende Person kann ${amount} zurückverlangen.`,
    earlyHelpFree: "Die Sitzung endet jetzt für Sie beide.",
    earlyConfirmHeading: "Jetzt früher gehen?",
    earlyConfirmText: "Die Sitzung endet für Sie beide. Für die übrige Zeit kann die buchende Person zurückverlangen:",
    earlyConfirmFree: "Die Sitzung endet für Sie beide.",
    earlyConfirm: "Ja, früher gehen",
    freely: "Gehen",
    freelyHelp: "Sie sind allein hier und dürfen gehen. Es wird Ihnen nicht angerechnet.",
    stay: "Bleiben",
    report: "Gehen und melden",
    reportHelp: "Wenn Sie sich nicht sicher fühlen oder etwas sehr schiefging. Es beendet die Sitzung sofort.",
  },

  form: {
    optional: "freiwillig",
    offline:
      "Die Verbindung ist unterbrochen. Was Sie geschrieben haben, ist noch da; bitte versuchen Sie es noch einmal.",
    failed: "Das hat nicht geklappt. Was Sie geschrieben haben, ist noch da; bitte versuchen Sie es noch einmal.",
    busy: "Das war etwas schnell. Bitte warten Sie einen Moment und versuchen Sie es noch einmal.",
  },

  report: {
    heading: "Gehen und melden",
    what: "Worum geht es?",
    kinds: {
      conduct: {
        name: "Wie ich behandelt wurde",
        help: "Beleidigungen, Fluchen, Schreien, irreführendes Reden",
      },
      deception: {
        name: "Irreführender oder rechtswidriger Rat",
        help: "getäuscht werden, um etwas Verbotenes gebeten werden, Rat, der schaden soll",
      },
      privacy: {
        name: "Aufnahme ohne schriftliche Einwilligung",
        help: "auf welche Weise auch immer, auch mit Mitschreib-Programmen",
      },
      other: { name: "Etwas anderes", help: "oder Sie möchten es jetzt nicht sagen" },
    },
    text: "Was ist geschehen?",
    next: (name) =>
      `Die Sitzung endet sofort für Sie beide. ${name} erfährt, dass Sie gegangen sind, mehr nicht. Jemand aus unserem Team sieht sich Ihre Meldung an, und das Honorar wartet so lange.`,
    told: (name) =>
      `Später kann ${name} die Art der Meldung und Ihren Text lesen. Wir nennen Ihren Namen nicht; was Sie schreiben, kann zeigen, wer Sie sind.`,
    send: "Gehen und melden",
    offline:
      "Die Verbindung ist unterbrochen, es ist also noch nicht bei uns. Versuchen Sie es noch einmal, oder schließen Sie diese Seite: Dann sind Sie aus dem Gespräch und können später mit demselben Link melden.",
  },

  consent: {
    heading: "Einwilligung in eine Aufnahme",
    about:
      "Dieser Dienst zeichnet nicht auf. Möchte jemand von Ihnen mit einem eigenen Gerät aufnehmen, willigt die andere Person zuerst schriftlich ein.",
    ask: "Um schriftliche Einwilligung bitten",
    scope: "Was möchten Sie aufnehmen?",
    scopeHelp: "Zum Beispiel: nur den Ton, oder den geteilten Bildschirm.",
    purpose: "Wofür?",
    purposeHelp: "Zum Beispiel: um es beim Üben noch einmal anzuhören.",
    send: "Bitten",
    scopeMissing: "Bitte sagen Sie, was Sie aufnehmen möchten.",
    purposeMissing: "Bitte sagen Sie, wofür.",
    asked: (name) => `Sie haben ${name} gefragt. Bitte nehmen Sie nichts auf, bevor eine Antwort da ist.`,
    takeBack: "Zurücknehmen",
    asks: (name) => `${name} bittet um Ihre schriftliche Einwilligung in eine Aufnahme`,
    what: "Was",
    purposeShort: "Wofür",
    freely:
      "Sie können ablehnen, und Sie können Ihre Einwilligung jederzeit zurückziehen. Dieser Dienst selbst zeichnet nicht auf.",
    name: "Wenn Sie einwilligen, schreiben Sie Ihren vollen Namen",
    nameMissing: "Bitte schreiben Sie Ihren Namen: Das macht die Einwilligung zu einer schriftlichen.",
    give: "Ich willige ein",
    refuse: "Ablehnen",
    later: "Später",
    answer: "Antworten",
    gone: "Der Text wird nicht mehr aufbewahrt.",
    standsMine: "Sie dürfen aufnehmen",
    standsOther: (name) => `${name} darf aufnehmen`,
    details: "Einzelheiten",
    given: (name, at) => `Schriftlich gegeben von „${name}“, ${at}.`,
    withdraw: "Einwilligung zurückziehen",
    stop: "Darauf verzichten",
    refused: (name) => `${name} hat nicht eingewilligt. Bitte nehmen Sie nichts auf.`,
    withdrawnMine: "Die Einwilligung wurde zurückgezogen. Bitte hören Sie jetzt auf aufzunehmen.",
    withdrawnTheirs: (name) =>
      `Die Einwilligung ist zurückgezogen, und ${name} wurde gebeten, die Aufnahme zu beenden.`,
    problem: (code) =>
      ({
        already_asked: "Sie haben schon gefragt; bitte warten Sie auf die Antwort.",
        already_given: "Sie haben diese Einwilligung schon.",
        asked_too_often: "Sie haben in dieser Sitzung oft genug gefragt.",
        already_answered: "Das wurde schon beantwortet.",
        not_in_session: "Fragen können Sie, solange Sie zusammen in der Sitzung sind.",
        session_over: "Die Sitzung ist vorbei.",
        nothing_to_withdraw: "Es gibt keine Einwilligung zum Zurückziehen.",
      })[code] ?? null,
  },

  replaced: {
    heading: "Auf einem anderen Gerät geöffnet",
    detail: "Sie sind auf einem anderen Gerät oder in einem anderen Tab in dieser Sitzung. Diese Seite bleibt still.",
    takeOver: "Hierher zurückholen",
  },

  error: {
    no_link: {
      heading: "Dieser Link ist unvollständig",
      detail: "Bitte öffnen Sie den Link aus Ihrer Einladung noch einmal. Er gilt, so oft Sie mögen.",
    },
    bad_link: {
      heading: "Dieser Link öffnet keine Sitzung",
      detail: "Vielleicht wurde er durch einen neueren ersetzt. Bitte sehen Sie in der neuesten Einladung nach.",
    },
    offline: { heading: "Wir erreichen den Dienst nicht", detail: "Bitte prüfen Sie Ihre Verbindung." },
    wrong_protocol: { heading: "Es gibt eine neuere Fassung dieser Seite", detail: "Bitte laden Sie sie neu." },
    again: "Noch einmal versuchen",
  },

  ends,
  ended: {
    plain: { heading: "Diese Sitzung ist vorbei", detail: "" },
    soon: { heading: "Die Zeit ist um", detail: "Ihre Zusammenfassung kommt gleich …" },
    forCause: "Sie haben gesagt, dass sie nicht stattfinden konnte. Jemand sieht sich an, was geschehen ist.",
    time: "Ihre Zeit",
    booked: "Gebucht",
    client: "Buchende Person da",
    expert: "Fachperson da",
    mutual: "Einander gehört und gesehen",
    arrived: (time) => `ab ${time}`,
    fromTo: (from, to) => `${from} bis ${to}`,
    timeline: (client, expert) => `Buchende Person da: ${client}. Fachperson da: ${expert}.`,
    absent: "nicht teilgenommen",
    next: "Bewahren Sie diesen Link auf: Alles hier lässt sich damit wieder ansehen.",
    calendarFailed: "Der Kalendereintrag ließ sich nicht laden.",
    receipt: "Ihr signierter Nachweis",
    unloaded: "Der Rest dieser Seite ließ sich nicht laden.",
  },

  next: {
    heading: "Wie es weitergeht",
    until: (time, what) => `Bis ${time}: ${what}`,
    what: {
      rate: (name) => `sagen, wie es mit ${name} war`,
      refund: () => "die nicht geleistete Zeit zurückverlangen",
      appeal: () => "gegen die Einschränkung Ihres Kontos Einspruch erheben",
    },
    calendar: "In den Kalender",
    link: "Öffnen Sie Ihre Sitzung wieder mit dem Link Ihrer Einladung.",
  },

  receipt: {
    title: "Signierter Nachweis einer Sitzung",
    of: (name, role) => `Für ${name} (${role})`,
    print: "Drucken oder als PDF sichern",
    download: "Signierten Text herunterladen",
    good: "Dieser Browser hat die Signatur geprüft: Sie passt.",
    bad: "Die Signatur dieses Nachweises passt nicht. Bitte laden Sie die Seite neu, oder schreiben Sie uns.",
    notYet: {
      heading: "Es gibt noch keinen Nachweis",
      detail: "Er entsteht, wenn die Sitzung vorbei ist. Bitte kommen Sie dann mit demselben Link wieder.",
    },
    session: "Die Sitzung",
    what: "Gebucht als",
    number: "Sitzung",
    issuer: "Aufgezeichnet von",
    booked: "Gebuchte Zeit",
    window: (from, to, zone) => `${from} bis ${to}, ${zone}`,
    ended: "Beendet",
    how: "Wie sie endete",
    ends: (reason, who, by) =>
      ({
        completed: "Zur gebuchten Zeit",
        hung_up: `${who} hat sie vor dem gebuchten Ende beendet`,
        lost: `Die Verbindung von ${who} kam nicht zurück`,
        left_page: `${who} ist nicht zurückgekommen`,
        safety: `${who} hat die Sitzung verlassen`,
        no_show: by === "both" ? "In der gebuchten Zeit hat niemand teilgenommen" : `${who} hat nicht teilgenommen`,
        never_met: "Beide waren da, aber nicht zur selben Zeit",
        interrupted: "Dieser Dienst war unterbrochen",
        ended_by_operator: "Der Betreiber hat sie beendet",
        removed: `Der Betreiber hat ${who} aus der Sitzung genommen`,
        cancelled:
          by === "both"
            ? "Einvernehmlich abgesagt"
            : `Abgesagt: ${who || (by === "operator" ? "durch den Betreiber" : "durch die Plattform")}`,
      })[reason] ?? reason,
    there: "Wer da war",
    joined: "Beigetreten",
    after: (span) => `${span} nach dem Beginn`,
    presence: "War da für",
    away: "War weg",
    never: "gar nicht",
    fromTo: (from, to) => `${from} bis ${to}`,
    money: "Zeit und Geld",
    fee: "Honorar",
    noFee: "keines",
    notDelivered: "Nicht geleistete Zeit",
    nothing: "keine",
    factor: "Ihr Faktor für diese Sitzung",
    pay: "Ihr Honorar mit diesem Faktor",
    refund: "Erstattung",
    refunds: {
      none: "Keine nach den Regeln der Plattform; gesetzliche Rechte bleiben bestehen",
      eligible: "Die buchende Person kann zurückverlangen",
      requested: "Zurückverlangt",
      review: "Wird angesehen",
      approved: "Bewilligt",
      declined: "Vom Buchungsdienst abgelehnt",
      disputed: "Wird noch einmal angesehen",
      settled: "Zurückgezahlt",
      expired: "Nicht rechtzeitig verlangt; gesetzliche Rechte bleiben bestehen",
    },
    consent: "Einwilligung in eine Aufnahme",
    asked: (name, at) => `${name} bat schriftlich um Einwilligung, mit einem eigenen Gerät aufzunehmen, ${at}.`,
    consented: (status, given, closed) =>
      ({
        asked: "Darauf kam keine Antwort.",
        given: `Sie wurde schriftlich gegeben, ${given}, und nicht zurückgezogen.`,
        refused: `Sie wurde abgelehnt, ${closed}.`,
        withdrawn: given
          ? `Sie wurde schriftlich gegeben, ${given}, und zurückgezogen, ${closed}.`
          : `Die Bitte wurde zurückgenommen, ${closed}.`,
      })[status] ?? "",
    small: "Angaben zum Nachprüfen",
    utc: (starts, ends, ended, decided) =>
      `In UTC: gebucht ${starts} bis ${ends}, beendet ${ended}, abgerechnet ${decided}.`,
    guidelines: (name, accepted, version, at) =>
      `${name} hat die Leitlinien in der Fassung ${version} ${accepted ? "angenommen" : "nicht angenommen"}, ${at}.`,
    revised: (at) => `Vom Betreiber geändert, ${at}.`,
    rules: (rules) => `Regeln, die mitgesprochen haben: ${rules}.`,
    terms: "Bedingungen:",
    ledger: (seq) => `Erstellt aus dem Protokoll der Sitzung bis zum Eintrag ${seq}:`,
    key: "Signiert mit dem Schlüssel:",
    checking: (issuer) =>
      `Alles, was oben steht, steht im signierten Text unten. Prüfen können ihn alle mit den öffentlichen Schlüsseln unter ${issuer}/.well-known/jwks.json und jedem Programm für JOSE (EdDSA).`,
    text: "Der signierte Text",
    textHelp: "Bewahren Sie diesen Text oder seine Datei auf: Darin ist die Signatur, nicht auf dem Papier.",
  },

  refund: {
    heading: "Geld zurück",
    headingExpert: "Das Honorar",
    status: {
      none: "Unsere Regeln sehen hier keine Erstattung vor; Ihre gesetzlichen Rechte bleiben bestehen.",
      eligible: "Sie können zurückverlangen",
      requested: "Zurückverlangt. Ihr Buchungsdienst meldet sich bei Ihnen.",
      review: "Jemand sieht sich an, was geschehen ist. Wegen des Honorars hören Sie von uns.",
      approved: "Bewilligt. Das Geld ist unterwegs.",
      declined: "Ihr Buchungsdienst hat abgelehnt. Seine Begründung steht unten.",
      disputed: "Sie haben um einen zweiten Blick gebeten. Sie hören davon.",
      settled: "Zurückgezahlt.",
      expired: "Die Frist ist vorbei. Ihre gesetzlichen Rechte bleiben bestehen.",
    },
    statusExpert: {
      none: "Es wird nichts zurückverlangt.",
      eligible: "Die buchende Person kann die nicht geleistete Zeit zurückverlangen, bis zu",
      requested: "Die buchende Person hat die nicht geleistete Zeit zurückverlangt.",
      review: "Jemand sieht sich an, was geschehen ist, bevor das Honorar abgerechnet wird.",
      approved: "Der Buchungsdienst hat der buchenden Person eine Erstattung bewilligt.",
      declined: "Der Buchungsdienst hat eine Erstattung abgelehnt.",
      disputed: "Die buchende Person hat um einen zweiten Blick gebeten.",
      settled: "Der buchenden Person wurde eine Erstattung gezahlt.",
      expired: "Es wird nichts zurückverlangt.",
    },
    upTo: "Bis zu",
    until: (time) => `bis ${time}`,
    how: "Wie es berechnet wurde",
    part: (span, why) => `${span}: ${why}`,
    why: (rule) =>
      ({
        "P3.4": "die übrige Zeit, als die Fachperson früher ging",
        "P3.5": "Unterbrechungen, länger als vorgesehen",
        "P3.6": "die Zeit, nachdem die Verbindung der Fachperson weg war",
        "P3.9": "die Zeit, die dieser Dienst nicht leisten konnte",
        "P3.10": "die ganze Sitzung wurde nicht geleistet",
      })[rule] ?? "nicht geleistete Zeit",
    sum: (time, booked, fee) =>
      `${time} der gebuchten ${booked}, bei einem Honorar von ${fee}, zu Ihren Gunsten aufgerundet.`,
    amount: "Wie viel verlangen Sie zurück?",
    less: "Alles, oder weniger, wenn Sie möchten.",
    bad: (max) => `Bitte schreiben Sie einen Betrag bis ${max}.`,
    request: "Zurückverlangen",
    requested: "Verlangt",
    approved: "Bewilligt",
    failed: "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.",
  },

  home: {
    title: "Headstrt Sessions",
    heading: "Zu zweit, für die gebuchte Zeit",
    intro: [
      "Hier begegnen sich zwei Menschen per Video, einer mit Fachwissen, für die gebuchte Zeit. Das Gespräch endet von selbst, wenn sie um ist.",
      "Dieser Dienst zeichnet nicht auf, und er kann Sie nicht sehen oder hören: Was Sie sagen und zeigen, ist zwischen Ihren beiden Browsern verschlüsselt.",
      "Wird bezahlte Zeit nicht geleistet, kann sie zurückverlangt werden, und beide sehen, wie gerechnet wurde.",
    ],
    invited: "Haben Sie eine Einladung? Öffnen Sie den Link darin: Er führt zu Ihrer Sitzung.",
    demo: "Ausprobieren",
    demoHelp: "Beispielsitzungen. Öffnen Sie die beiden Seiten einer Sitzung in zwei Fenstern.",
  },
};
