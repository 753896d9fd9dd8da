FROM python:3.11-slim AS build
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PRODUCTION=true HOST=0.0.0.0 PORT=8000 \
    VAR_DIR=/var/lib/rcm AUDIT_HEAD_FILE=/var/lib/rcm-audit/head.json
# Volumes take over the owner of the directories that they cover.
RUN useradd --system --uid 10001 --no-create-home rcm \
    && mkdir -p /var/lib/rcm /var/lib/rcm-audit /run/rcm-metrics \
    && chown rcm: /var/lib/rcm /var/lib/rcm-audit /run/rcm-metrics
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
RUN python manage.py collectstatic --noinput --verbosity 0
USER rcm
EXPOSE 8000
CMD ["gunicorn", "-c", "python:rcm_site.gunicorn", "rcm_site.wsgi"]
