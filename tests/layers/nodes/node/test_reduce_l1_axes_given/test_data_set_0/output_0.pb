Bout0JôÖˆAP
™AbÕDA¿C*A