"""The example lake of kgqa and the script that regenerates it; not part of the installed package."""
