/** Every word on a party's page, in Spanish. The polite address, for every country, and words that suit anybody. */

import type { Words } from "./shape";

export const es: Words = {
  title: "Su sesión",
  language: "Idioma",
  role: { client: "cliente", expert: "especialista" },
  with: (name) => `Con ${name}`,
  minutes: (count) => (count === 1 ? "1 minuto" : `${count} minutos`),
  close: "Cerrar",
  back: "Volver",

  checkin: {
    when: (day, from, to, zone) => `${day}, ${from} a ${to}, ${zone}`,
    devices: "Cámara, sonido y conexión",
    preview: "Su cámara, como en un espejo",
    asking: "Su cámara está arrancando … Si su navegador pregunta, elija «Permitir».",
    cameraOff: "Cámara apagada",
    turnOn: "Encender",
    turnOff: "Apagar",
    tryAgain: "Intentar de nuevo",
    camera: "Cámara",
    microphone: "Micrófono",
    speaker: "Altavoz",
    level: "Nivel del micrófono",
    speak: "Diga algo: la barra debería moverse.",
    hears: "Le oímos.",
    silent: "No oímos nada. ¿Está elegido el micrófono correcto, y está encendido?",
    mutedOutside: "Su micrófono está silenciado, con un botón suyo o en su sistema. Actívelo allí.",
    mark: { ok: "Funciona:", attention: "Conviene mirarlo:" },
    fellBack: (gone, instead) => `«${gone}» se desconectó. Ahora usamos «${instead}».`,
    gone: {
      camera: (gone) => `«${gone}» se desconectó, y no hay otra cámara. Puede entrar solo con audio.`,
      microphone: (gone) => `«${gone}» se desconectó, y no hay otro micrófono.`,
      speaker: (gone) => `«${gone}» se desconectó, y su navegador no indica otro altavoz.`,
    },
    testSpeaker: "Reproducir un sonido",
    heard: "¿Lo ha oído?",
    yes: "Sí",
    no: "No",
    heardWell: "Su altavoz funciona.",
    notHeard: "Suba el volumen, o elija otro altavoz, y reprodúzcalo de nuevo.",
    help: {
      camera: {
        denied_by_browser: "Su navegador no deja que esta página use la cámara.",
        dismissed:
          "Su navegador preguntó si esta página puede usar la cámara. Pulse «Intentar de nuevo» y elija «Permitir».",
        denied_by_system: "Su sistema no deja que el navegador use la cámara.",
        missing: "No se ha encontrado ninguna cámara. Si conecta una, esta página lo nota.",
        busy: "Su cámara no arranca. Puede que la esté usando otro programa u otra pestaña: ciérrelo y pulse «Intentar de nuevo».",
      },
      microphone: {
        denied_by_browser: "Su navegador no deja que esta página use el micrófono.",
        dismissed:
          "Su navegador preguntó si esta página puede usar el micrófono. Pulse «Intentar de nuevo» y elija «Permitir».",
        denied_by_system: "Su sistema no deja que el navegador use el micrófono.",
        missing: "No se ha encontrado ningún micrófono. Si conecta uno, esta página lo nota.",
        busy: "Su micrófono no arranca. Puede que lo esté usando otro programa u otra pestaña: ciérrelo y pulse «Intentar de nuevo».",
      },
    },
    sameWay: "Se permite en el mismo lugar.",
    ways: {
      browser: {
        chromium:
          "Haga clic en el símbolo del extremo izquierdo de la barra de direcciones y permítalo allí. Esta página sigue por sí sola.",
        firefox:
          "Haga clic en el símbolo tachado junto a la dirección, quite el bloqueo con ×, pulse «Intentar de nuevo» y elija «Permitir».",
        safari: "En el menú Safari › Ajustes para este sitio web, elija «Permitir» y pulse «Intentar de nuevo».",
        safariPhone:
          "Toque el símbolo de la barra de direcciones, después Ajustes del sitio web, y permítalo. Luego toque «Intentar de nuevo».",
        phone: "Toque el símbolo junto a la dirección, después Permisos, y permítalo. Luego toque «Intentar de nuevo».",
        other: "Abra los ajustes de este sitio, junto a la dirección, y permítalo. Después pulse «Intentar de nuevo».",
      },
      system: {
        windows: (what) =>
          `Abra Configuración › Privacidad y seguridad › ${what} y active el acceso para las aplicaciones y para su navegador. Después pulse «Intentar de nuevo».`,
        mac: (what) =>
          `Abra Ajustes del Sistema › Privacidad y seguridad › ${what} y active su navegador. Puede que haya que reiniciarlo.`,
        linux: (what) =>
          `Si su navegador vino como Flatpak o Snap, permítalo allí: ${what}. Después pulse «Intentar de nuevo».`,
        android: (what) =>
          `Abra Ajustes › Aplicaciones › su navegador › Permisos y permita: ${what}. Luego toque «Intentar de nuevo».`,
        ios: (what) =>
          `Abra la aplicación Ajustes, elija su navegador y active: ${what}. Luego toque «Intentar de nuevo».`,
        other: (what) =>
          `Permítalo en los ajustes de privacidad de su sistema: ${what}. Después pulse «Intentar de nuevo».`,
      },
    },
    without: {
      camera: "De todos modos puede entrar con audio.",
      microphone: "De todos modos puede entrar, ver y oír a la otra persona, y escribir.",
    },
    network: {
      name: "Conexión",
      test: "Comprobar",
      again: "Comprobar de nuevo",
      idle: "Lo bien que su red lleva una llamada. Tarda unos diez segundos.",
      running: "Comprobando su conexión, unos diez segundos …",
      untested: (code) =>
        ({
          tests_full: "Ahora mismo hay muchas personas comprobando. Inténtelo en un momento.",
          too_many_requests: "Por ahora ha comprobado bastantes veces. Inténtelo en un minuto.",
          stopped: "La comprobación se detuvo.",
          offline: "Esta página no está conectada en este momento. Inténtelo cuando lo esté.",
        })[code] ?? "La comprobación no ha sido posible ahora. De todos modos puede entrar.",
      level: {
        good: "Su conexión es buena.",
        fair: "Su conexión basta.",
        weak: "Su conexión es débil.",
        none: "En esta red no pasa ninguna llamada.",
      },
      because: {
        delay: () => "Lo que dice llega con retraso. Un cable, o un sitio más cerca del router, suele ayudar.",
        loss: () => "Una parte de lo que se envía no llega. Un cable, o un sitio más cerca del router, suele ayudar.",
        slow: () => "Hay poco espacio para la imagen. Cierre descargas y vídeos, o entre solo con audio.",
        detour: () =>
          "Solo deja pasar una llamada dando un rodeo (TCP), así que la imagen y el sonido pueden ir a saltos. Puede que otra red, o la de su teléfono, vaya mejor.",
        no_way: (port) =>
          `Intente con otra red, o con la de su teléfono, o apague una VPN. Quien se ocupa de esta red tiene que permitir UDP o TCP${port ? ` al puerto ${port}` : ""}. Aun así puede intentar entrar.`,
      },
      figures: "Cifras",
      roundTrip: "Ida y vuelta",
      missing: "No llegó",
      room: "Admite",
      way: "Camino",
      ms: (value) => `${value} ms`,
      percent: (value) => `${value} %`,
      mbit: (value, perhapsMore) => (perhapsMore ? `${value} Mbit/s o más` : `${value} Mbit/s`),
    },
    allGood: "Todo funciona.",
    ahead: "Puede cerrar esta página. El mismo enlace la abre de nuevo cuando sea el momento.",
    theirTime: (name, from, to, zone) => `Para ${name} es ${from} a ${to}, ${zone}.`,
    guidelines: "Cómo nos tratamos aquí",
    rules: [
      "Sea puntual. Nadie debería tener que esperar una sesión que ha reservado.",
      "Sea amable y justo en el trato. Sin palabrotas, sin gritos, sin menosprecio.",
      "La llamada termina por sí sola al final reservado. Solo quien la reservó puede terminarla antes; si el especialista se va antes, su cliente puede pedir que se le devuelva el tiempo restante.",
      "Sin consejos engañosos o dañinos, ni nada que prohíba la ley del país del cliente.",
      "No grabe, por ningún medio, tampoco con programas que toman notas, sin el consentimiento por escrito de la otra persona. Este servicio no graba; un dispositivo en la habitación puede hacerlo.",
    ],
    accept: "Lo respetaré, y prometo no grabar.",
    accepted: "Usted ha aceptado cómo nos tratamos aquí.",
    decline: "No lo acepto",
    declined: "No lo ha aceptado, así que no puede entrar. Puede cambiar de idea en cualquier momento.",
    join: "Entrar",
    acceptFirst: "Para entrar, acepte cómo nos tratamos aquí.",
    more: "Dispositivos y conexión",
    joinAudio: "Entrar solo con audio",
    joinPlain: "Entrar sin cámara ni micrófono",
    joining: "Entrando …",
    opensIn: "La entrada se abre en",
    opensAt: (time) => `Puede entrar desde esta hora: ${time}.`,
    startsIn: "Empieza en",
    startedAgo: "Ha empezado",
    steppedOut: (end) => `Usted salió un momento. Puede volver hasta esta hora: ${end}.`,
    elsewhere: "Está en esta sesión en otro dispositivo. Si entra aquí, pasa a este.",
    late: "Llegaré más tarde, unos",
    lateBy: (minutes) => `${minutes} min`,
    lateSent: (minutes, name) => `${name} puede ver que usted llegará unos ${minutes} minutos más tarde.`,
    lateFailed: "No se pudo enviar. Inténtelo de nuevo.",
    calendar: "Añadir al calendario",
  },

  refusal: (code) =>
    ({
      too_early: "La entrada aún no está abierta.",
      guidelines_needed: "Primero acepte cómo nos tratamos aquí.",
      session_over: "Esta sesión ha terminado.",
      party_sanctioned:
        "Por ahora no puede entrar en ninguna sesión. Abra el enlace de una sesión anterior: ahí puede leer por qué y oponerse.",
      not_started: "Antes del comienzo reservado no hay nada que terminar; puede salir un momento.",
      offline: "La conexión está interrumpida. Inténtelo de nuevo.",
    })[code] ?? "No ha funcionado. Inténtelo de nuevo.",

  waiting: {
    heading: "Sala de espera",
    status: {
      not_here: (name) => `${name} todavía no está aquí`,
      checking: (name) => `${name} está comprobando sus dispositivos`,
      here: (name) => `${name} está aquí`,
      away: (name) => `${name} se ha ido un momento`,
    },
    runningLate: (name, minutes) => `${name} llegará unos ${minutes} minutos más tarde.`,
    startsIn: "Empieza en",
    running: "Tiempo restante",
    early: "Si llegan antes, ya pueden hablar. El tiempo reservado cuenta desde el comienzo.",
    leaveAt: (time, name) => `Si ${name} no está aquí a esta hora, puede irse libremente: ${time}.`,
    leaveAtClient: (time, name, fee) =>
      `Si ${name} no está aquí a esta hora, puede irse libremente, y se pide para usted la devolución de todos los honorarios, ${fee}: ${time}.`,
    leaveNow: "Puede irse ahora. No cuenta en su contra.",
    leaveNowClient: (fee) =>
      `Puede irse ahora. No cuenta en su contra, y se pide para usted la devolución de todos los honorarios, ${fee}.`,
    comeBack: (end) => `Puede salir un momento cuando quiera, y volver hasta esta hora: ${end}.`,
    booked: (from, to, zone) => `${from} a ${to}, ${zone}`,
    arrived: (name) => `¡${name} está aquí!`,
    punctual: "Suele ser puntual",
  },

  call: {
    timeLeft: "Tiempo restante",
    startsIn: "Empieza en",
    you: "Usted",
    connecting: "Conectando …",
    cameraOff: (name) => `La cámara de ${name} está apagada`,
    otherMuted: (name) => `${name} tiene el micrófono apagado`,
    mute: "Micro",
    camera: "Cámara",
    share: "Compartir",
    chat: "Chat",
    unread: (count) => `Chat (${count})`,
    devices: "Dispositivos",
    more: "Más",
    leave: "Salir",
    warning: (minutes, seconds) =>
      minutes > 0 ? (minutes === 1 ? "queda 1 minuto" : `quedan ${minutes} minutos`) : `quedan ${seconds} segundos`,
    reconnecting: "Un momento, se está restableciendo la conexión …",
    offline: "Restableciendo la conexión con el servicio …",
    tapToHear: "Toque para oír",
    chatEmpty: "Lo que escribe aquí va directamente a la otra persona y no se guarda en ningún sitio.",
    chatLabel: "Escribir un mensaje",
    chatSend: "Enviar",
    chatClosed: "El chat se abre cuando hay conexión.",
    me: "Usted",
    reactions: "Reaccionar",
    reactionNames: {
      thumbs: "Pulgar arriba",
      heart: "Corazón",
      clap: "Aplauso",
      laugh: "Risa",
      surprise: "Sorpresa",
      hand: "Mano levantada",
    },
    reacted: (name, what) => `${name}: ${what}`,
    pip: "Imagen en imagen",
    fullScreen: "Pantalla completa",
    shortcut: (label, key) => `${label} (${key})`,
    shortcuts: "Una tecla para cada botón, mientras no esté escribiendo",
    markHelp:
      "Sobre la imagen de la otra persona se mueve una marca con el nombre de usted, y sobre la suya, una con el de ella. Dice quién miraba; no impide que un dispositivo en la habitación grabe.",
    deviceChanged: {
      microphone: (label) => `Se desconectó su micrófono. Está usando otro: ${label}.`,
      camera: (label) => `Se desconectó su cámara. Está usando otra: ${label}.`,
      speaker: (label) => `Se desconectó su altavoz. Está usando otro: ${label}.`,
    },
    deviceGone: {
      microphone: "Se desconectó su micrófono, y no hay otro. Puede seguir escuchando y escribiendo.",
      camera: "Se desconectó su cámara, y no hay otra. Puede seguir hablando.",
      speaker: "Se desconectó su altavoz. Oye la llamada por el habitual de este dispositivo.",
    },
  },

  own: {
    show: "Mostrar su propia imagen",
    hide: "Ocultar su propia imagen",
    move: "Mover su propia imagen",
    moveHelp: (corner) =>
      `Mover su propia imagen, ahora ${corner}: con las flechas, o pulse para pasar a la siguiente esquina`,
    corner: {
      "top left": "arriba a la izquierda",
      "top right": "arriba a la derecha",
      "bottom left": "abajo a la izquierda",
      "bottom right": "abajo a la derecha",
    },
  },

  quality: {
    mine: "Su conexión",
    of: (name) => `La conexión de ${name}`,
    level: { good: "buena", fair: "aceptable", poor: "débil", none: "interrumpida" },
    why: {
      loss: "no llega una parte del sonido y de la imagen",
      delay: "tarda mucho en llegar",
      bandwidth: "hay poco espacio para la imagen",
      no_media: "en este momento no llega nada",
    },
    say: (whose, level) => `${whose}: ${level}`,
    sayWhy: (whose, level, why) => `${whose}: ${level}, ${why}`,
    weak: (whose, why) => `${whose} es débil: ${why}.`,
  },

  safety: {
    heading: "Código de seguridad",
    button: "Código de seguridad, aún sin comparar",
    checked: "Comparado: los dos ven el mismo código",
  },

  held: {
    heading: "La conexión se interrumpió",
    both: (end) => `Los dos pueden volver hasta esta hora: ${end}.`,
    leaveAtClient: (time) => `A partir de esta hora puede irse y pedir el tiempo que faltó: ${time}.`,
    leaveAt: (time) => `A partir de esta hora puede irse libremente: ${time}.`,
    leaveNowClient: "Puede irse ahora y pedir el tiempo que faltó, o esperar un poco más.",
    leaveNow: "Puede irse ahora, o esperar un poco más.",
    self: "Le estamos llevando de vuelta a la sesión …",
  },

  leave: {
    heading: "¿Quiere irse?",
    stepOut: "Salir un momento",
    stepOutHelp: (end) => `Puede volver hasta esta hora: ${end}.`,
    stepOutOther: (time) => `La otra persona puede irse desde esta hora: ${time}.`,
    end: "Terminar la sesión",
    endHelp:
      "La sesión termina ahora para los dos. Por el tiempo que queda, nuestras reglas no prevén aquí un reembolso; los derechos que le da la ley se mantienen.",
    endCause: "No pudo celebrarse porque …",
    causeNone: "Ningún motivo en particular",
    causes: {
      no_media: "no podíamos oírnos o vernos",
      not_the_person: "no era la persona que reservé",
      conduct: "no recibí un buen trato",
      other: "hubo otra cosa",
    },
    causeHelp: "Alguien revisará lo que ocurrió y decidirá sobre los honorarios.",
    early: "Irse antes",
    earlyHelp: (amount) => `Su cliente puede pedir la devolución de ${amount}.`,
    earlyHelpFree: "La sesión termina ahora para los dos.",
    earlyConfirmHeading: "¿Irse antes, ahora?",
    earlyConfirmText:
      "La sesión termina para los dos. Por el tiempo restante, su cliente puede pedir la devolución de:",
    earlyConfirmFree: "La sesión termina para los dos.",
    earlyConfirm: "Sí, irme antes",
    freely: "Irse",
    freelyHelp: "No hay nadie más aquí y puede irse. No cuenta en su contra.",
    stay: "Quedarse",
    report: "Irse y avisar",
    reportHelp: "Si no se siente a salvo, o algo ha ido muy mal. La sesión termina en el acto.",
  },

  form: {
    optional: "opcional",
    offline: "La conexión está interrumpida. Lo que ha escrito sigue aquí; inténtelo de nuevo.",
    failed: "No ha funcionado. Lo que ha escrito sigue aquí; inténtelo de nuevo.",
    busy: "Ha ido un poco rápido. Espere un momento e inténtelo de nuevo.",
  },

  report: {
    heading: "Irse y avisar",
    what: "¿De qué se trata?",
    kinds: {
      conduct: { name: "Cómo me trataron", help: "insultos, palabrotas, gritos, palabras engañosas" },
      deception: {
        name: "Consejos engañosos o contrarios a la ley",
        help: "un engaño, una petición de algo ilegal, consejos para hacer daño",
      },
      privacy: {
        name: "Grabación sin consentimiento por escrito",
        help: "por cualquier medio, también con programas que toman notas",
      },
      other: { name: "Otra cosa", help: "o prefiere no decirlo ahora" },
    },
    text: "¿Qué ocurrió?",
    next: (name) =>
      `La sesión termina en el acto para los dos. A ${name} se le dice que usted se ha ido, nada más. Alguien de nuestro equipo revisa su aviso, y los honorarios esperan hasta entonces.`,
    told: (name) =>
      `Más adelante ${name} puede leer el tipo de aviso y su texto. No damos el nombre de usted; lo que escribe puede dejar ver quién es.`,
    send: "Irse y avisar",
    offline:
      "La conexión está interrumpida, así que esto aún no nos ha llegado. Inténtelo de nuevo, o cierre esta página: entonces está fuera de la llamada, y puede avisar más tarde con el mismo enlace.",
  },

  consent: {
    heading: "Consentimiento para grabar",
    about:
      "Este servicio no graba. Si uno de los dos quiere grabar con un dispositivo propio, la otra persona tiene que aceptarlo antes por escrito.",
    ask: "Pedir consentimiento por escrito para grabar",
    scope: "¿Qué quiere grabar?",
    scopeHelp: "Por ejemplo: solo el sonido, o la pantalla compartida.",
    purpose: "¿Para qué?",
    purposeHelp: "Por ejemplo: para escucharlo otra vez al practicar.",
    send: "Pedir",
    scopeMissing: "Diga qué quiere grabar.",
    purposeMissing: "Diga para qué.",
    asked: (name) => `Se lo ha pedido a ${name}. No grabe antes de que haya una respuesta.`,
    takeBack: "Retirar la petición",
    asks: (name) => `${name} le pide su consentimiento por escrito para grabar`,
    what: "Qué",
    purposeShort: "Para qué",
    freely: "Puede negarse libremente, y puede retirar su consentimiento cuando quiera. Este servicio mismo no graba.",
    name: "Si está de acuerdo, escriba su nombre completo",
    nameMissing: "Escriba su nombre: eso es lo que lo convierte en un consentimiento por escrito.",
    give: "Doy mi consentimiento",
    refuse: "No aceptar",
    later: "Más tarde",
    answer: "Responder",
    gone: "El texto ya no se guarda.",
    standsMine: "Usted puede grabar",
    standsOther: (name) => `${name} puede grabar`,
    details: "Detalles",
    given: (name, at) => `Dado por escrito por «${name}», ${at}.`,
    withdraw: "Retirar el consentimiento",
    stop: "Renunciar a él",
    refused: (name) => `${name} no ha aceptado. No grabe, por favor.`,
    withdrawnMine: "El consentimiento se ha retirado. Deje de grabar ahora, por favor.",
    withdrawnTheirs: (name) => `El consentimiento se ha retirado, y se ha pedido a ${name} que deje de grabar.`,
    problem: (code) =>
      ({
        already_asked: "Ya lo ha pedido; espere la respuesta.",
        already_given: "Ya tiene este consentimiento.",
        asked_too_often: "Ya lo ha pedido bastantes veces en esta sesión.",
        already_answered: "Esto ya se respondió.",
        not_in_session: "Puede pedirlo mientras estén juntos en la sesión.",
        session_over: "La sesión ha terminado.",
        nothing_to_withdraw: "No hay ningún consentimiento que retirar.",
      })[code] ?? null,
  },

  replaced: {
    heading: "Abierta en otro dispositivo",
    detail: "Está en esta sesión en otro dispositivo o en otra pestaña. Esta página queda en silencio.",
    takeOver: "Traerla de nuevo aquí",
  },

  error: {
    no_link: {
      heading: "Este enlace está incompleto",
      detail: "Abra de nuevo el enlace de su invitación. Funciona tantas veces como quiera.",
    },
    bad_link: {
      heading: "Este enlace no abre ninguna sesión",
      detail: "Puede que otro más nuevo lo haya sustituido. Busque la invitación más reciente.",
    },
    offline: { heading: "No llegamos al servicio", detail: "Compruebe su conexión." },
    wrong_protocol: { heading: "Hay una versión más nueva de esta página", detail: "Cárguela de nuevo." },
    again: "Intentar de nuevo",
  },

  ended: {
    plain: { heading: "Esta sesión ha terminado", detail: "" },
    calendarFailed: "No se pudo cargar la entrada del calendario.",
    unloaded: "No se pudo cargar el resto de esta página.",
  },
};
