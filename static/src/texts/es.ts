/** Every word on a party's page, in Spanish. The polite address, for every country, and words that suit anybody. */

import type { EndTexts } from "./ends";
import type { Texts } from "./shape";

const ended = "La sesión terminó antes del final reservado.";
const nothingToDo = "No tiene que hacer nada.";
const whatNext = "Alguien verá cómo se sigue.";
const reported = "Hemos recibido su aviso y lo revisaremos.";
const passed = "El tiempo reservado pasó antes de que entrara.";

const ends: EndTexts = {
  completed: {
    nobody: {
      client: () => ({
        heading: "Su tiempo juntos está completo",
        detail: "La llamada terminó al final reservado.",
      }),
      expert: () => ({
        heading: "Su tiempo juntos está completo",
        detail: "La llamada terminó al final reservado.",
      }),
    },
  },
  hung_up: {
    client: {
      client: () => ({ heading: "Usted terminó la sesión", detail: "La terminó antes del final reservado." }),
      expert: (other) => ({
        heading: `${other} terminó la sesión`,
        detail: "Quien reserva puede terminar una sesión cuando quiera.",
      }),
    },
    expert: {
      client: (other) => ({ heading: `${other} se fue antes`, detail: ended }),
      expert: () => ({ heading: "Usted se fue antes", detail: ended }),
    },
  },
  lost: {
    client: {
      client: () => ({
        heading: "Su conexión no volvió",
        detail: "La sesión terminó mientras su conexión estaba interrumpida.",
      }),
      expert: (other) => ({
        heading: `La conexión de ${other} no volvió`,
        detail: "La sesión terminó mientras la otra conexión estaba interrumpida.",
      }),
    },
    expert: {
      client: (other) => ({ heading: `La conexión de ${other} no volvió`, detail: ended }),
      expert: () => ({ heading: "Su conexión no volvió", detail: ended }),
    },
  },
  left_page: {
    client: {
      client: () => ({ heading: "Usted no volvió a la sesión", detail: "Su página se cerró antes del final." }),
      expert: (other) => ({ heading: `${other} no volvió`, detail: "La otra página se cerró antes del final." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} no volvió`, detail: ended }),
      expert: () => ({ heading: "Usted no volvió a la sesión", detail: ended }),
    },
  },
  safety: {
    client: {
      client: () => ({ heading: "Usted se fue y avisó", detail: reported }),
      expert: (other) => ({ heading: `${other} dejó la sesión`, detail: "La sesión ha terminado." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} dejó la sesión`, detail: "La sesión ha terminado." }),
      expert: () => ({ heading: "Usted se fue y avisó", detail: reported }),
    },
  },
  no_show: {
    client: {
      client: () => ({ heading: "Usted no entró", detail: passed }),
      expert: (other) => ({ heading: `${other} no entró`, detail: "Gracias por estar aquí." }),
    },
    expert: {
      client: (other) => ({ heading: `${other} no entró`, detail: "Gracias por estar aquí." }),
      expert: () => ({ heading: "Usted no entró", detail: passed }),
    },
    both: {
      client: () => ({
        heading: "Esta sesión no se celebró",
        detail: "Nadie entró durante el tiempo reservado.",
      }),
      expert: () => ({
        heading: "Esta sesión no se celebró",
        detail: "Nadie entró durante el tiempo reservado.",
      }),
    },
  },
  never_met: {
    nobody: {
      client: (other) => ({
        heading: "No coincidieron",
        detail: `Usted y ${other} estuvieron aquí, pero no al mismo tiempo. Alguien revisará lo que ocurrió.`,
      }),
      expert: (other) => ({
        heading: "No coincidieron",
        detail: `Usted y ${other} estuvieron aquí, pero no al mismo tiempo. Alguien revisará lo que ocurrió.`,
      }),
    },
  },
  interrupted: {
    nobody: {
      client: () => ({
        heading: "La sesión se interrumpió",
        detail: "Falló la conexión de este servicio, y la sesión no pudo continuar.",
      }),
      expert: () => ({
        heading: "La sesión se interrumpió",
        detail: "Falló la conexión de este servicio. No cuenta en contra de nadie.",
      }),
    },
  },
  ended_by_operator: {
    operator: {
      client: () => ({ heading: "Nuestro equipo terminó la sesión", detail: whatNext }),
      expert: () => ({ heading: "Nuestro equipo terminó la sesión", detail: whatNext }),
    },
  },
  removed: {
    client: {
      client: () => ({
        heading: "Nuestro equipo terminó la sesión para usted",
        detail: "Puede escribirnos al respecto.",
      }),
      expert: () => ({ heading: "Nuestro equipo terminó la sesión", detail: whatNext }),
    },
    expert: {
      client: () => ({ heading: "Nuestro equipo terminó la sesión", detail: whatNext }),
      expert: () => ({
        heading: "Nuestro equipo terminó la sesión para usted",
        detail: "Puede escribirnos al respecto.",
      }),
    },
  },
  cancelled: {
    client: {
      client: () => ({
        heading: "Usted canceló esta sesión",
        detail: "Se aplican las condiciones de su reserva.",
      }),
      expert: (other) => ({ heading: `${other} canceló esta sesión`, detail: nothingToDo }),
    },
    expert: {
      client: (other) => ({ heading: `${other} canceló esta sesión`, detail: nothingToDo }),
      expert: () => ({ heading: "Usted canceló esta sesión", detail: "Ya se lo hemos comunicado a su cliente." }),
    },
    platform: {
      client: () => ({ heading: "Esta sesión se canceló", detail: "No podrá celebrarse." }),
      expert: () => ({ heading: "Esta sesión se canceló", detail: "No podrá celebrarse." }),
    },
    operator: {
      client: () => ({ heading: "Nuestro equipo canceló esta sesión", detail: nothingToDo }),
      expert: () => ({ heading: "Nuestro equipo canceló esta sesión", detail: nothingToDo }),
    },
  },
};

export const es: Texts = {
  title: "Su sesión",
  language: "Idioma",
  role: { client: "cliente", expert: "especialista" },
  with: (name) => `Con ${name}`,
  minutes: (count) => (count === 1 ? "1 minuto" : `${count} minutos`),
  close: "Cerrar",
  back: "Volver",

  checkin: {
    when: (day, from, to, zone) => `${day}, ${from} a ${to}, ${zone}`,
    devices: "Cámara y micrófono",
    preview: "Su cámara, como en un espejo",
    asking: "A la espera del permiso de su navegador …",
    cameraOff: "Cámara apagada",
    turnOn: "Encender",
    turnOff: "Apagar",
    tryAgain: "Intentar de nuevo",
    camera: "Cámara",
    microphone: "Micrófono",
    speaker: "Altavoz",
    level: "Nivel del micrófono",
    silent: "No oímos nada. ¿Está elegido el micrófono correcto, y está encendido?",
    testSpeaker: "Reproducir un sonido",
    heard: "¿Lo ha oído?",
    yes: "Sí",
    no: "No",
    heardWell: "Su altavoz funciona.",
    notHeard: "Suba el volumen, o elija otro altavoz, y reprodúzcalo de nuevo.",
    help: {
      camera: {
        denied_by_browser:
          "Su navegador no deja que esta página use la cámara. Abra los ajustes del sitio junto a la dirección y permítalo.",
        denied_by_system:
          "Su sistema no deja que el navegador use la cámara. Permítalo en los ajustes de privacidad del sistema y vuelva a intentarlo.",
        missing: "No se ha encontrado ninguna cámara. Conecte una, o entre sin ella.",
        busy: "Su cámara no arranca. Puede que la esté usando otro programa; ciérrelo y vuelva a intentarlo.",
      },
      microphone: {
        denied_by_browser:
          "Su navegador no deja que esta página use el micrófono. Abra los ajustes del sitio junto a la dirección y permítalo.",
        denied_by_system:
          "Su sistema no deja que el navegador use el micrófono. Permítalo en los ajustes de privacidad del sistema y vuelva a intentarlo.",
        missing: "No se ha encontrado ningún micrófono. Conecte uno, o entre para escuchar y escribir.",
        busy: "Su micrófono no arranca. Puede que lo esté usando otro programa; ciérrelo y vuelva a intentarlo.",
      },
    },
    withoutDevices: "Puede entrar sin cámara, e incluso sin micrófono.",
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
    more: "Elegir otros dispositivos",
    joinAudio: "Entrar solo con audio",
    joinPlain: "Entrar sin cámara ni micrófono",
    joining: "Entrando …",
    opensIn: "La entrada se abre en",
    opensAt: (time) => `Puede entrar desde esta hora: ${time}.`,
    startsIn: "Empieza en",
    startedAgo: "Ha empezado",
    steppedOut: (end) => `Usted salió un momento. Puede volver hasta esta hora: ${end}.`,
    elsewhere: "Está en esta sesión en otro dispositivo. Si entra aquí, pasa a este.",
    late: "Llegaré más tarde",
    lateBy: (minutes) => `${minutes} min`,
    lateSent: (minutes) => `Hemos avisado de que llegará unos ${minutes} minutos más tarde.`,
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
    leaveAtClient: (time, name) =>
      `Si ${name} no está aquí a esta hora, puede irse libremente, y se pide para usted la devolución de los honorarios: ${time}.`,
    leaveNow: "Puede irse ahora. No cuenta en su contra.",
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
    about: (name) =>
      `Léale este código a ${name}, o deje que ${name} se lo lea. Si los dos ven lo mismo, no hay nadie entre sus dos navegadores.`,
    waiting: "Se está creando el código …",
    impossible: "No hay código para esta conexión. Salga un momento y vuelva a entrar para crear uno nuevo.",
    compare: "Comparen los códigos.",
    same: "Son iguales",
    waitingFor: (name) => `Usted dijo que son iguales. ${name} todavía no.`,
    theyChecked: (name) => `${name} dice que son iguales. Comparen los códigos.`,
    different: "Son distintos",
    differentHelp:
      "No diga nada que otros no deban oír. Salga, y entre de nuevo con el enlace de su invitación; si los códigos siguen siendo distintos, escríbanos.",
    limits: "Quien entra de nuevo, por ejemplo en otro dispositivo, trae un código nuevo.",
    names: [
      ...["perro", "gato", "león", "caballo", "elefante", "conejo", "pez", "mariposa"],
      ...["girasol", "árbol", "seta", "luna", "estrella", "nube", "fuego", "arcoíris"],
      ...["manzana", "plátano", "uvas", "zanahoria", "pan", "pastel", "café", "globo"],
      ...["campana", "llave", "ancla", "bicicleta", "tren", "tijeras", "paraguas", "guitarra"],
    ],
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

  ends,
  ended: {
    plain: { heading: "Esta sesión ha terminado", detail: "" },
    soon: { heading: "El tiempo ha terminado", detail: "Su resumen está en camino …" },
    forCause: "Usted dijo que no pudo celebrarse. Alguien revisará lo que ocurrió.",
    time: "Su tiempo",
    booked: "Reservado",
    client: "Cliente presente",
    expert: "Especialista presente",
    mutual: "Se oyeron y se vieron",
    arrived: (time) => `desde ${time}`,
    fromTo: (from, to) => `${from} a ${to}`,
    timeline: (client, expert) => `Cliente presente: ${client}. Especialista presente: ${expert}.`,
    absent: "no entró",
    next: "Guarde este enlace: con él puede volver a ver todo lo que hay aquí.",
    calendarFailed: "No se pudo cargar la entrada del calendario.",
    receipt: "Su registro firmado",
    unloaded: "No se pudo cargar el resto de esta página.",
  },

  next: {
    heading: "Lo que viene ahora",
    until: (time, what) => `Hasta el ${time}: ${what}`,
    what: {
      rate: (name) => `decir qué tal fue con ${name}`,
      refund: () => "pedir la devolución del tiempo no prestado",
      appeal: () => "oponerse a la restricción de su cuenta",
    },
    calendar: "Añadir al calendario",
    link: "Abra de nuevo su sesión con el enlace de su invitación.",
  },

  receipt: {
    title: "Registro firmado de una sesión",
    of: (name, role) => `Para ${name} (${role})`,
    print: "Imprimir o guardar como PDF",
    download: "Descargar el texto firmado",
    good: "Este navegador ha comprobado la firma: es correcta.",
    bad: "La firma de este registro no es correcta. Cargue la página de nuevo, o escríbanos.",
    notYet: {
      heading: "Todavía no hay registro",
      detail: "Se hace cuando la sesión ha terminado. Vuelva entonces con el mismo enlace.",
    },
    session: "La sesión",
    what: "Reservada como",
    number: "Sesión",
    issuer: "Registrado por",
    booked: "Tiempo reservado",
    window: (from, to, zone) => `${from} a ${to}, ${zone}`,
    ended: "Terminó",
    how: "Cómo terminó",
    ends: (reason, who, by) =>
      ({
        completed: "Al final reservado",
        hung_up: `${who} la terminó antes del final reservado`,
        lost: `La conexión de ${who} no volvió`,
        left_page: `${who} no volvió`,
        safety: `${who} dejó la sesión`,
        no_show: by === "both" ? "Nadie entró durante el tiempo reservado" : `${who} no entró`,
        never_met: "Los dos estuvieron, pero no al mismo tiempo",
        interrupted: "Este servicio se interrumpió",
        ended_by_operator: "La terminó la administración del servicio",
        removed: `La administración del servicio sacó a ${who} de la sesión`,
        cancelled:
          by === "both"
            ? "Cancelada de común acuerdo"
            : `Cancelada por ${who || (by === "operator" ? "la administración del servicio" : "la plataforma")}`,
      })[reason] ?? reason,
    there: "Quién estuvo",
    joined: "Entró",
    after: (span) => `${span} después del comienzo`,
    presence: "Estuvo",
    away: "Estuvo fuera",
    never: "en ningún momento",
    fromTo: (from, to) => `${from} a ${to}`,
    money: "Tiempo y dinero",
    fee: "Honorarios",
    noFee: "ninguno",
    notDelivered: "Tiempo no prestado",
    nothing: "ninguno",
    factor: "Su factor para esta sesión",
    pay: "Sus honorarios con este factor",
    refund: "Reembolso",
    refunds: {
      none: "Ninguno según las reglas de la plataforma; los derechos que da la ley se mantienen",
      eligible: "Su cliente puede pedir la devolución",
      requested: "Devolución pedida",
      review: "En revisión",
      approved: "Aprobado",
      declined: "El servicio de reservas no lo aceptó",
      disputed: "En segunda revisión",
      settled: "Devuelto",
      expired: "No se pidió a tiempo; los derechos que da la ley se mantienen",
    },
    consent: "Consentimiento para grabar",
    asked: (name, at) => `${name} pidió por escrito consentimiento para grabar con un dispositivo propio, ${at}.`,
    consented: (status, given, closed) =>
      ({
        asked: "No hubo respuesta.",
        given: `Se dio por escrito, ${given}, y no se retiró.`,
        refused: `No se dio, ${closed}.`,
        withdrawn: given
          ? `Se dio por escrito, ${given}, y se retiró, ${closed}.`
          : `La petición se retiró, ${closed}.`,
      })[status] ?? "",
    small: "Detalles para comprobarlo",
    utc: (starts, ends, ended, decided) =>
      `En UTC: reservada ${starts} a ${ends}, terminada ${ended}, liquidada ${decided}.`,
    guidelines: (name, accepted, version, at) =>
      `${name} ${accepted ? "aceptó" : "no aceptó"} las pautas en la versión ${version}, ${at}.`,
    revised: (at) => `Revisado por la administración del servicio, ${at}.`,
    rules: (rules) => `Reglas que intervinieron: ${rules}.`,
    terms: "Condiciones:",
    ledger: (seq) => `Hecho a partir del diario de la sesión hasta la entrada ${seq}:`,
    key: "Firmado con la clave:",
    checking: (issuer) =>
      `Todo lo anterior está en el texto firmado de abajo. Cualquiera puede comprobarlo con las claves públicas de ${issuer}/.well-known/jwks.json y cualquier programa para JOSE (EdDSA).`,
    text: "El texto firmado",
    textHelp: "Guarde este texto o su archivo: la firma está en él, no en el papel.",
  },

  refund: {
    heading: "Devolución de dinero",
    headingExpert: "Los honorarios",
    status: {
      none: "Nuestras reglas no prevén aquí un reembolso; los derechos que le da la ley se mantienen.",
      eligible: "Puede pedir la devolución de",
      requested: "Devolución pedida. Su servicio de reservas se pondrá en contacto con usted.",
      review: "Alguien está revisando lo que ocurrió. Le informaremos sobre los honorarios.",
      approved: "Aprobada. El dinero está en camino.",
      declined: "Su servicio de reservas no la aceptó. Su nota está abajo.",
      disputed: "Usted pidió que se revisara de nuevo. Le informaremos.",
      settled: "Dinero devuelto.",
      expired: "El plazo para pedirla ha pasado. Los derechos que le da la ley se mantienen.",
    },
    statusExpert: {
      none: "No se pide ninguna devolución.",
      eligible: "Su cliente puede pedir la devolución del tiempo no prestado, hasta",
      requested: "Su cliente pidió la devolución del tiempo no prestado.",
      review: "Alguien está revisando lo que ocurrió antes de liquidar los honorarios.",
      approved: "El servicio de reservas aprobó un reembolso a su cliente.",
      declined: "El servicio de reservas no aceptó un reembolso.",
      disputed: "Su cliente pidió que se revisara de nuevo.",
      settled: "Se pagó un reembolso a su cliente.",
      expired: "No se pide ninguna devolución.",
    },
    upTo: "Hasta",
    until: (time) => `hasta el ${time}`,
    how: "Cómo se ha calculado",
    part: (span, why) => `${span}: ${why}`,
    why: (rule) =>
      ({
        "P3.4": "el tiempo que quedaba cuando el especialista se fue antes",
        "P3.5": "interrupciones más largas de lo previsto",
        "P3.6": "el tiempo desde que se fue la conexión del especialista",
        "P3.9": "el tiempo que este servicio no pudo prestar",
        "P3.10": "no se prestó toda la sesión",
      })[rule] ?? "tiempo no prestado",
    sum: (time, booked, fee) =>
      `${time}, con ${booked} de tiempo reservado y unos honorarios de ${fee}; redondeado a su favor.`,
    amount: "¿Cuánto pide que se le devuelva?",
    less: "Todo, o menos si lo prefiere.",
    bad: (max) => `Escriba un importe de hasta ${max}.`,
    request: "Pedir la devolución",
    requested: "Pedido",
    approved: "Aprobado",
    failed: "No ha funcionado. Inténtelo de nuevo.",
  },

  home: {
    title: "Headstrt Sessions",
    heading: "De persona a persona, durante el tiempo reservado",
    intro: [
      "Aquí un cliente y un especialista se encuentran por vídeo durante el tiempo que han reservado. La llamada termina por sí sola cuando se acaba el tiempo.",
      "Este servicio no graba, y no puede verle ni oírle: lo que dice y muestra va cifrado entre sus dos navegadores.",
      "Si no se presta tiempo que se pagó, el cliente puede pedir su devolución, y los dos ven cómo se ha contado.",
    ],
    invited: "¿Tiene una invitación? Abra el enlace que contiene: lleva a su sesión.",
    demo: "Pruébelo",
    demoHelp: "Sesiones de ejemplo. Abra los dos lados de una en dos ventanas.",
  },
};
