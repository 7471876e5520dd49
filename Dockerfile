# Python 3.11 is the oldest version that the project supports, and the one that its tests run on.
FROM python:3.11-slim AS build
WORKDIR /register
COPY requirements/traces.txt requirements/
RUN python -m venv /register/.venv \
 && /register/.venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r requirements/traces.txt
COPY pyproject.toml README.md alembic.ini ./
COPY app app
COPY migrations migrations
RUN /register/.venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation -e . \
 && /register/.venv/bin/python -m compileall -q app migrations

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /register register
WORKDIR /register
COPY --from=build --chown=root:root /register /register
ENV ENVIRONMENT=production LISTEN_ADDRESS=0.0.0.0 PORT=8000 PYTHONUNBUFFERED=1
USER register
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["/register/.venv/bin/python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health/ready\", timeout=2)"]
ENTRYPOINT ["/register/.venv/bin/cultuurcoordinator"]
# Migrations are a step of their own, before the new version serves: docker run … migrate
CMD ["run", "--no-migrate"]
