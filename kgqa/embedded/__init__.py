"""The servers of one machine as child processes, with the jars and the encoder that they and Spark need.

`Stack` starts and stops them; `ensure_jars`, `ensure_encoder` and `java_home` say where the rest is, fetching or
building it once; `doctor` looks at everything. Import from the modules named here.
"""
