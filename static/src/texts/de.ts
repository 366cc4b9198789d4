/** Every word on a party's page, in German. The formal address, and words for both parties that suit anybody. */

import type { Words } from "./shape";

export const de: Words = {
  title: "Ihre Sitzung",
  language: "Sprache",
  role: { client: "buchende Person", expert: "Fachperson" },
  with: (name) => `Mit ${name}`,
  minutes: (count) => (count === 1 ? "1 Minute" : `${count} Minuten`),
  close: "Schließen",
  back: "Zurück",

  checkin: {
    when: (day, from, to, zone) => `${day}, ${from} bis ${to}, ${zone}`,
    devices: "Kamera, Ton und Verbindung",
    preview: "Ihre Kamera, wie in einem Spiegel",
    asking: "Ihre Kamera startet … Wenn Ihr Browser fragt, wählen Sie „Zulassen“.",
    cameraOff: "Kamera aus",
    turnOn: "Einschalten",
    turnOff: "Ausschalten",
    tryAgain: "Noch einmal",
    camera: "Kamera",
    microphone: "Mikrofon",
    speaker: "Lautsprecher",
    level: "Mikrofonpegel",
    speak: "Sagen Sie etwas: Der Balken sollte sich bewegen.",
    hears: "Wir hören Sie.",
    silent: "Wir hören nichts. Ist das richtige Mikrofon gewählt, und ist es eingeschaltet?",
    mutedOutside: "Ihr Mikrofon ist stumm geschaltet, an ihm selbst oder in Ihrem System. Schalten Sie es dort ein.",
    mark: { ok: "Geht:", attention: "Bitte ansehen:" },
    fellBack: (gone, instead) => `„${gone}“ wurde getrennt. Wir verwenden jetzt „${instead}“.`,
    gone: {
      camera: (gone) => `„${gone}“ wurde getrennt, und es gibt keine andere Kamera. Sie können nur mit Ton teilnehmen.`,
      microphone: (gone) => `„${gone}“ wurde getrennt, und es gibt kein anderes Mikrofon.`,
      speaker: (gone) => `„${gone}“ wurde getrennt, und Ihr Browser nennt keinen anderen Lautsprecher.`,
    },
    testSpeaker: "Ton abspielen",
    heard: "Haben Sie ihn gehört?",
    yes: "Ja",
    no: "Nein",
    heardWell: "Ihr Lautsprecher funktioniert.",
    notHeard: "Stellen Sie lauter, oder wählen Sie einen anderen Lautsprecher, und spielen Sie den Ton noch einmal ab.",
    help: {
      camera: {
        denied_by_browser: "Ihr Browser gibt dieser Seite die Kamera nicht frei.",
        dismissed:
          "Ihr Browser hat gefragt, ob diese Seite die Kamera verwenden darf. Drücken Sie „Noch einmal“ und wählen Sie „Zulassen“.",
        denied_by_system: "Ihr System gibt dem Browser die Kamera nicht frei.",
        missing: "Es wurde keine Kamera gefunden. Schließen Sie eine an, bemerkt es diese Seite.",
        busy: "Ihre Kamera startet nicht. Vielleicht verwendet sie ein anderes Programm oder ein anderer Tab: Schließen Sie es und drücken Sie „Noch einmal“.",
      },
      microphone: {
        denied_by_browser: "Ihr Browser gibt dieser Seite das Mikrofon nicht frei.",
        dismissed:
          "Ihr Browser hat gefragt, ob diese Seite das Mikrofon verwenden darf. Drücken Sie „Noch einmal“ und wählen Sie „Zulassen“.",
        denied_by_system: "Ihr System gibt dem Browser das Mikrofon nicht frei.",
        missing: "Es wurde kein Mikrofon gefunden. Schließen Sie eines an, bemerkt es diese Seite.",
        busy: "Ihr Mikrofon startet nicht. Vielleicht verwendet es ein anderes Programm oder ein anderer Tab: Schließen Sie es und drücken Sie „Noch einmal“.",
      },
    },
    sameWay: "Erlaubt wird es an derselben Stelle.",
    ways: {
      browser: {
        chromium:
          "Klicken Sie auf das Zeichen am linken Ende der Adressleiste und erlauben Sie es dort. Diese Seite macht von selbst weiter.",
        firefox:
          "Klicken Sie auf das durchgestrichene Zeichen neben der Adresse, nehmen Sie die Blockierung mit × weg, drücken Sie dann „Noch einmal“ und wählen Sie „Erlauben“.",
        safari:
          "Wählen Sie im Menü Safari › Einstellungen für diese Website „Erlauben“ und drücken Sie dann „Noch einmal“.",
        safariPhone:
          "Tippen Sie auf das Zeichen in der Adressleiste, dann auf Website-Einstellungen, und erlauben Sie es. Tippen Sie dann auf „Noch einmal“.",
        phone:
          "Tippen Sie auf das Zeichen neben der Adresse, dann auf Berechtigungen, und erlauben Sie es. Tippen Sie dann auf „Noch einmal“.",
        other:
          "Öffnen Sie die Einstellungen für diese Website neben der Adresse und erlauben Sie es. Drücken Sie dann „Noch einmal“.",
      },
      system: {
        windows: (what) =>
          `Öffnen Sie Einstellungen › Datenschutz und Sicherheit › ${what} und schalten Sie den Zugriff für Apps und für Ihren Browser ein. Drücken Sie dann „Noch einmal“.`,
        mac: (what) =>
          `Öffnen Sie Systemeinstellungen › Datenschutz & Sicherheit › ${what} und schalten Sie Ihren Browser ein. Vielleicht will er neu gestartet werden.`,
        linux: (what) =>
          `Kam Ihr Browser als Flatpak oder Snap, erlauben Sie es dort: ${what}. Drücken Sie dann „Noch einmal“.`,
        android: (what) =>
          `Öffnen Sie Einstellungen › Apps › Ihr Browser › Berechtigungen und erlauben Sie: ${what}. Tippen Sie dann auf „Noch einmal“.`,
        ios: (what) =>
          `Öffnen Sie die App Einstellungen, wählen Sie Ihren Browser und schalten Sie ein: ${what}. Tippen Sie dann auf „Noch einmal“.`,
        other: (what) =>
          `Erlauben Sie es in den Datenschutz-Einstellungen Ihres Systems: ${what}. Drücken Sie dann „Noch einmal“.`,
      },
    },
    without: {
      camera: "Sie können trotzdem mit Ton teilnehmen.",
      microphone: "Sie können trotzdem teilnehmen, die andere Person sehen und hören, und schreiben.",
    },
    network: {
      name: "Verbindung",
      test: "Prüfen",
      again: "Noch einmal prüfen",
      idle: "Wie gut Ihr Netz ein Gespräch trägt. Es dauert etwa zehn Sekunden.",
      running: "Ihre Verbindung wird geprüft, etwa zehn Sekunden …",
      untested: (code) =>
        ({
          tests_full: "Gerade prüfen viele Menschen. Versuchen Sie es gleich noch einmal.",
          too_many_requests: "Sie haben fürs Erste oft genug geprüft. Versuchen Sie es in einer Minute noch einmal.",
          stopped: "Die Prüfung wurde angehalten.",
          offline: "Diese Seite ist gerade nicht verbunden. Versuchen Sie es wieder, wenn sie es ist.",
        })[code] ?? "Die Prüfung ging gerade nicht. Sie können trotzdem teilnehmen.",
      level: {
        good: "Ihre Verbindung ist gut.",
        fair: "Ihre Verbindung reicht.",
        weak: "Ihre Verbindung ist schwach.",
        none: "In diesem Netz kommt kein Gespräch durch.",
      },
      because: {
        delay: () => "Was Sie sagen, kommt verzögert an. Ein Kabel oder ein Platz näher am Router hilft oft.",
        loss: () =>
          "Ein Teil von dem, was gesendet wird, kommt nicht an. Ein Kabel oder ein Platz näher am Router hilft oft.",
        slow: () =>
          "Für ein Bild ist wenig Platz. Schließen Sie Downloads und Videos, oder nehmen Sie nur mit Ton teil.",
        detour: () =>
          "Es lässt ein Gespräch nur auf einem Umweg durch (TCP), Bild und Ton können stocken. Ein anderes Netz, oder das Ihres Telefons, geht vielleicht besser.",
        no_way: (port) =>
          `Versuchen Sie ein anderes Netz, oder das Ihres Telefons, oder schalten Sie ein VPN aus. Wer dieses Netz betreut, gibt UDP oder TCP${port ? ` zum Port ${port}` : ""} frei. Sie können trotzdem versuchen teilzunehmen.`,
      },
      figures: "Zahlen",
      roundTrip: "Hin und zurück",
      missing: "Nicht angekommen",
      room: "Trägt",
      way: "Weg",
      ms: (value) => `${value} ms`,
      percent: (value) => `${value} %`,
      mbit: (value, perhapsMore) => (perhapsMore ? `${value} Mbit/s oder mehr` : `${value} Mbit/s`),
    },
    allGood: "Alles funktioniert.",
    ahead: "Sie können diese Seite schließen. Derselbe Link öffnet sie wieder, wenn es so weit ist.",
    theirTime: (name, from, to, zone) => `Für ${name} ist das ${from} bis ${to}, ${zone}.`,
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
    more: "Geräte und Verbindung",
    joinAudio: "Nur mit Ton teilnehmen",
    joinPlain: "Ohne Kamera und Mikrofon teilnehmen",
    joining: "Einen Moment …",
    opensIn: "Einlass in",
    opensAt: (time) => `Sie können ab ${time} teilnehmen.`,
    startsIn: "Beginnt in",
    startedAgo: "Begonnen",
    steppedOut: (end) => `Sie sind kurz hinausgegangen. Sie können bis ${end} zurückkommen.`,
    elsewhere: "Sie sind auf einem anderen Gerät in dieser Sitzung. Wenn Sie hier teilnehmen, zieht sie hierher um.",
    late: "Ich komme später, um etwa",
    lateBy: (minutes) => `${minutes} Min.`,
    lateSent: (minutes, name) => `${name} sieht, dass Sie etwa ${minutes} Minuten später kommen.`,
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
    leaveAtClient: (time, name, fee) =>
      `Ist ${name} bis ${time} nicht da, können Sie ohne Weiteres gehen, und das ganze Honorar, ${fee}, wird für Sie zurückverlangt.`,
    leaveNow: "Sie können jetzt gehen. Es wird Ihnen nicht angerechnet.",
    leaveNowClient: (fee) =>
      `Sie können jetzt gehen. Es wird Ihnen nicht angerechnet, und das ganze Honorar, ${fee}, wird für Sie zurückverlangt.`,
    comeBack: (end) => `Sie können jederzeit kurz hinausgehen und bis ${end} zurückkommen.`,
    booked: (from, to, zone) => `${from} bis ${to}, ${zone}`,
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

  ended: {
    plain: { heading: "Diese Sitzung ist vorbei", detail: "" },
    calendarFailed: "Der Kalendereintrag ließ sich nicht laden.",
    unloaded: "Der Rest dieser Seite ließ sich nicht laden.",
  },
};
