/** What the Engine keeps for the platform's own registry. */
export const REGISTRY_SERVICE = 'berth_registry';
export const RELAY_SERVICE = 'berth_registry_relay';
export const DOOR_SERVICE = 'berth_registry_door';
export const COLLECTOR_SERVICE = 'berth_registry_collector';
/** The registry and the relays, and nobody else. */
export const REGISTRY_NETWORK = 'berth_registry';
/** Its images. */
export const REGISTRY_VOLUME = 'berth_registry';
/** On every node, in memory: the socket between the two halves of the way. */
export const SOCKET_VOLUME = 'berth_registry_socket';
