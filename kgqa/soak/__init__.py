"""Random programs of changes with servers and workers killed meanwhile: `kgqa bench soak`."""
