
Bout0J*ü½i¤>ÿ½û½ÚFþ½ü½,GÍ?C½Õ16AÖ½ü½œDtAW2EH:²G