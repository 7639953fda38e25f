# docker build -t davserver .
# docker run -p 127.0.0.1:8080:8080 -v davserver:/data davserver serve --listen 0.0.0.0:8080 --allow-anonymous
#
# It runs as a user of its own and writes below /data alone, so nothing is lost by taking the rest away:
# docker run --read-only --tmpfs /tmp --cap-drop=ALL --security-opt=no-new-privileges ...

FROM debian:12-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv
COPY requirements.lock /src/
RUN python3 -m venv /opt/davserver \
 && /opt/davserver/bin/pip install --no-cache-dir --require-hashes -r /src/requirements.lock
COPY pyproject.toml README.md LICENSE /src/
COPY davserver /src/davserver
RUN /opt/davserver/bin/pip install --no-cache-dir --no-deps /src \
 && /opt/davserver/bin/pip uninstall --yes setuptools pip

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home davserver \
 && install -d -o davserver -g davserver -m 0750 /data
COPY --from=build /opt/davserver /opt/davserver
ENV PATH=/opt/davserver/bin:$PATH DAVSERVER_DATA=/data
USER davserver
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/_/health/ready', timeout=5)"]
ENTRYPOINT ["davserver"]
# Without accounts this refuses to start, and says which flag lets everybody in.
CMD ["serve", "--listen", "0.0.0.0:8080"]
