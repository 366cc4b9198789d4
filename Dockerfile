# Two stages: everything that builds stays in the first; what runs is Python, our wheel and the pages.
FROM node:20-bookworm-slim AS pages
WORKDIR /build
COPY static/package.json static/package-lock.json static/
RUN npm --prefix static ci --no-audit --no-fund
COPY static static
RUN npm --prefix static run build

FROM python:3.11-slim-bookworm AS wheels
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY pyproject.toml constraints.txt hatch_build.py README.md LICENSE ./
COPY server server
COPY signaling signaling
RUN python -m venv /opt/headstrt && /opt/headstrt/bin/pip install --no-cache-dir -c constraints.txt .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --create-home headstrt
COPY --from=wheels /opt/headstrt /opt/headstrt
COPY --from=pages /build/static/dist /opt/headstrt/pages
ENV PATH=/opt/headstrt/bin:$PATH \
    HEADSTRT_HOST=0.0.0.0 \
    HEADSTRT_PAGES=/opt/headstrt/pages \
    HEADSTRT_DATABASE_URL=sqlite:////data/headstrt.sqlite3 \
    HEADSTRT_LOG_FORMAT=json
USER headstrt
WORKDIR /data
VOLUME /data
EXPOSE 8080/tcp 3478/udp 3478/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('HEADSTRT_PORT', '8080') + '/healthz', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["headstrt", "serve"]
